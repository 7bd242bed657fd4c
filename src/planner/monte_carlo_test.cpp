#include "planner/monte_carlo.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace euromesh;
using namespace euromesh::planner;

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

Sampler three(double europe, Spread::Shape shape = Spread::Shape::triangular) {
    std::vector<UncertainInput> inputs;
    for (const double low : {1.0, 2.0, 5.0})
        inputs.push_back({.id = "x" + std::to_string(low),
                          .label = "",
                          .unit = "1",
                          .spread = {low, low + 1, low + 4, shape},
                          .europe = europe,
                          .group_share = 0,
                          .group = ""});
    return *Sampler::make(inputs, 3);
}

void sum_and_product(std::span<const double> x, std::span<double> y) {
    y[0] = x[0] + x[1] + x[2];
    y[1] = x[0] * x[1] * x[2];
}

// 1, 2 ... 100 in a mixed order; 7 is prime to 100.
Outcomes hundred() {
    Outcomes outcomes(1, 100);
    for (std::size_t i = 0; i < 100; ++i) outcomes.of(0)[i] = static_cast<double>(i * 7 % 100 + 1);
    return outcomes;
}

}  // namespace

TEST_CASE("mean and variance of sums and products of independent inputs have closed forms") {
    const Sampler sampler = three(0);
    const Outcomes outcomes = run_monte_carlo(sampler, sum_and_product, 2, 1u << 16, 0);
    double sum = 0;
    double product = 1;
    double variance = 0;
    for (const UncertainInput& input : sampler.input_list()) {
        sum += mean_of(input.spread);
        product *= mean_of(input.spread);
        variance += variance_of(input.spread);
    }
    CHECK(outcomes.mean(0) == doctest::Approx(sum).epsilon(1e-6));
    CHECK(outcomes.mean(1) == doctest::Approx(product).epsilon(1e-5));
    double square = 0;
    for (const double y : outcomes.of(0)) square += (y - sum) * (y - sum);
    CHECK(square / (1u << 16) == doctest::Approx(variance).epsilon(1e-3));
}

TEST_CASE("a correlated pair: the mean of the product is the product of means plus the covariance") {
    // Normal scores that correlate by r make uniform numbers correlate by 6 / pi asin(r / 2) (Pearson 1907).
    const double r = 0.6;
    const Sampler sampler = three(r, Spread::Shape::uniform);
    const Model product = [](std::span<const double> x, std::span<double> y) { y[0] = x[0] * x[1]; };
    const Spread& a = sampler.input_list()[0].spread;
    const Spread& b = sampler.input_list()[1].spread;
    const double correlation = 6 / std::acos(-1.0) * std::asin(r / 2);
    const double expected =
        mean_of(a) * mean_of(b) + correlation * std::sqrt(variance_of(a) * variance_of(b));
    CHECK(run_monte_carlo(sampler, product, 1, 1u << 16, 0).mean(0) ==
          doctest::Approx(expected).epsilon(1e-4));
}

TEST_CASE("the result has the same bits for any number of threads") {
    const Sampler sampler = three(0.4);
    const Outcomes one = run_monte_carlo(sampler, sum_and_product, 2, 10007, 1);
    for (const unsigned threads : {2u, 3u, 0u}) {
        const Outcomes other = run_monte_carlo(sampler, sum_and_product, 2, 10007, threads);
        for (const std::size_t k : {0u, 1u})
            CHECK(std::equal(one.of(k).begin(), one.of(k).end(), other.of(k).begin()));
    }
}

TEST_CASE("quantiles are values that occurred") {
    const Outcomes outcomes = hundred();
    CHECK(outcomes.quantiles(0, std::vector{0.95, 0.0, 1.0, 0.001, 0.5}) ==
          std::vector<double>{95, 1, 100, 1, 50});
    CHECK(outcomes.quantiles(0, std::vector{0.07, 0.505}) == std::vector<double>{7, 51});
    const Band band = outcomes.band(0);
    CHECK(band.p05 == 5);
    CHECK(band.p10 == 10);
    CHECK(band.p50 == 50);
    CHECK(band.p90 == 90);
    CHECK(band.p95 == 95);
    CHECK(outcomes.mean(0) == 50.5);
    CHECK(outcomes.probability_at_most(0, 20) == 0.2);
    CHECK(outcomes.probability_at_most(0, 0.5) == 0);
}

TEST_CASE("what never happens stays never") {
    Outcomes outcomes = hundred();
    for (double& y : outcomes.of(0))
        if (y > 92) y = never;
    CHECK(outcomes.band(0).p90 == 90);
    CHECK(outcomes.band(0).p95 == never);
    CHECK(outcomes.finite_share(0) == 0.92);
    CHECK(outcomes.mean(0) == never);
    CHECK(outcomes.mean_of_finite(0) == 46.5);
    for (double& y : outcomes.of(0)) y = never;
    CHECK(std::isnan(outcomes.mean_of_finite(0)));
    CHECK(outcomes.band(0).p05 == never);
}

TEST_CASE("odds count ties, two nevers among them") {
    Outcomes outcomes(2, 4);
    const std::vector<double> a = {1, 5, never, never};
    const std::vector<double> b = {2, 5, 9, never};
    std::copy(a.begin(), a.end(), outcomes.of(0).begin());
    std::copy(b.begin(), b.end(), outcomes.of(1).begin());
    const Odds odds = outcomes.odds(0, 1);
    CHECK(odds.first == 0.25);
    CHECK(odds.tie == 0.5);
    CHECK(odds.second == 0.25);
}

TEST_CASE("a histogram counts every scenario once") {
    Outcomes outcomes = hundred();
    outcomes.of(0)[0] = never;  // was 1
    const Histogram histogram = outcomes.histogram(0, 10, 90, 4);
    CHECK(histogram.width == 20);
    CHECK(histogram.counts == std::vector<std::uint64_t>{20, 20, 20, 21});
    CHECK(histogram.below == 8);
    CHECK(histogram.above == 10);
    CHECK(histogram.never == 1);
}
