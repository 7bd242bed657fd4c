#include "planner/sampler.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace euromesh;
using namespace euromesh::planner;

namespace {

UncertainInput input(const std::string& id, const Spread& spread, double europe = 0, double group_share = 0,
                     const std::string& country = "") {
    return {.id = id,
            .label = id,
            .unit = "1",
            .spread = spread,
            .europe = europe,
            .group_share = group_share,
            .group = country.empty() ? "" : "country " + country};
}

const Spread skewed{1, 2, 5, Spread::Shape::triangular};
const Spread flat{-1, 0, 3, Spread::Shape::uniform};

Sampler make(const std::vector<UncertainInput>& inputs, std::uint64_t seed = 1) {
    auto sampler = Sampler::make(inputs, seed);
    REQUIRE(sampler);
    return *std::move(sampler);
}

std::string error_of(const std::vector<UncertainInput>& inputs) {
    const auto sampler = Sampler::make(inputs, 1);
    return sampler ? "no error" : sampler.error().message;
}

double cdf_of(const Spread& s, double x) {
    const double width = s.high - s.low;
    if (s.shape == Spread::Shape::uniform) return (x - s.low) / width;
    if (x < s.central) return (x - s.low) * (x - s.low) / (width * (s.central - s.low));
    return 1 - (s.high - x) * (s.high - x) / (width * (s.high - s.central));
}

// Correlation of the normal scores of two inputs over n scenarios.
double correlation(const Sampler& sampler, std::size_t a, std::size_t b, std::uint64_t n) {
    std::vector<double> rows(n * sampler.inputs());
    sampler.draw(0, rows);
    double aa = 0;
    double bb = 0;
    double ab = 0;
    for (std::uint64_t k = 0; k < n; ++k) {
        const auto score = [&](std::size_t i) {
            return normal_quantile(cdf_of(sampler.input_list()[i].spread, rows[k * sampler.inputs() + i]));
        };
        aa += score(a) * score(a);
        bb += score(b) * score(b);
        ab += score(a) * score(b);
    }
    return ab / std::sqrt(aa * bb);
}

}  // namespace

TEST_CASE("factors: common ones first, one for each input with doubt of its own") {
    const Sampler sampler = make({input("a", skewed), input("b", Spread::certain(3), 0.5, 0.5, "FR"),
                                  input("c", skewed, 0.2, 0.3, "DE"), input("d", skewed, 0.4, 0.6, "DE"),
                                  input("e", skewed, 0, 0.1, "IT")});
    std::string ids;
    for (const Factor& factor : sampler.factor_list()) ids += factor.id + "; ";
    CHECK(ids == "europe; country DE; country IT; a; c; e; ");
    CHECK(sampler.inputs() == 5);
    CHECK(sampler.central() == std::vector<double>{2, 3, 2, 2, 2});
}

TEST_CASE("an input without common factors is the quantile of its uniform number") {
    const Sampler sampler =
        make({input("a", skewed), input("b", flat), input("c", {1, 1, 5}), input("d", {1, 5, 5})});
    std::vector<double> values(4);
    for (double u = 0.001; u < 1; u += 0.001) {
        sampler.map(std::vector{u, 1 - u, u, u}, values);
        CHECK(values[0] == doctest::Approx(quantile(skewed, u)).epsilon(1e-12));
        CHECK(values[1] == doctest::Approx(quantile(flat, 1 - u)).epsilon(1e-12));
        CHECK(values[2] == doctest::Approx(quantile({1, 1, 5}, u)).epsilon(1e-12));
        CHECK(values[3] == doctest::Approx(quantile({1, 5, 5}, u)).epsilon(1e-12));
    }
}

TEST_CASE("a correlated input is the formula's value within two millionths of its width") {
    const Sampler sampler = make({input("a", skewed, 0.3, 0.2, "DE"), input("b", flat, 0, 1, "DE")});
    const SobolSequence sequence(sampler.factors(), 9);
    std::vector<double> u(sampler.factors());
    std::vector<double> values(2);
    double worst = 0;
    for (std::uint64_t k = 0; k < 20000; ++k) {
        sequence.point(k, u);
        sampler.map(u, values);
        const double country = normal_quantile(u[1]);
        const double a = std::sqrt(0.3) * normal_quantile(u[0]) + std::sqrt(0.2) * country +
                         std::sqrt(0.5) * normal_quantile(u[2]);
        worst = std::max(worst, std::abs(values[0] - quantile(skewed, normal_cdf(a))) / 4);
        worst = std::max(worst, std::abs(values[1] - quantile(flat, u[1])) / 4);
    }
    CHECK(worst < 2e-6);
}

TEST_CASE("the correlations are those asked for") {
    const Sampler sampler =
        make({input("a", skewed, 0.2, 0.3, "DE"), input("b", flat, 0.2, 0.3, "DE"),
              input("c", skewed, 0.2, 0.3, "FR"), input("d", skewed, 0.8, 0, ""), input("e", skewed)});
    constexpr std::uint64_t n = 1u << 14;
    const double tolerance = 0.004;  // 1 / sqrt(n) is 0.008 for random points
    CHECK(std::abs(correlation(sampler, 0, 1, n) - 0.5) < tolerance);
    CHECK(std::abs(correlation(sampler, 0, 2, n) - 0.2) < tolerance);
    CHECK(std::abs(correlation(sampler, 0, 3, n) - std::sqrt(0.2 * 0.8)) < tolerance);
    CHECK(std::abs(correlation(sampler, 3, 4, n)) < tolerance);
}

TEST_CASE("each input keeps its own distribution, correlated or not") {
    const Sampler sampler =
        make({input("a", skewed, 0.2, 0.3, "DE"), input("b", flat, 0.5), input("c", skewed)});
    constexpr std::uint64_t n = 1u << 14;
    std::vector<double> rows(n * 3);
    sampler.draw(0, rows);
    for (std::size_t i = 0; i < 3; ++i) {
        const Spread& spread = sampler.input_list()[i].spread;
        double sum = 0;
        double square = 0;
        for (std::uint64_t k = 0; k < n; ++k) {
            const double x = rows[k * 3 + i];
            CHECK((x >= spread.low && x <= spread.high));
            sum += x;
            square += x * x;
        }
        const double mean = sum / n;
        CHECK(mean == doctest::Approx(mean_of(spread)).epsilon(1e-3));
        CHECK(square / n - mean * mean == doctest::Approx(variance_of(spread)).epsilon(5e-3));
    }
}

TEST_CASE("a scenario is the same alone and among others; the seed decides") {
    const std::vector<UncertainInput> inputs = {input("a", skewed, 0.2, 0.3, "DE"), input("b", flat)};
    const Sampler sampler = make(inputs);
    std::vector<double> rows(2 * 10);
    sampler.draw(90, rows);
    std::vector<double> one(2);
    sampler.draw(95, one);
    CHECK(one == std::vector<double>(rows.begin() + 10, rows.begin() + 12));
    make(inputs).draw(95, one);
    CHECK(one == std::vector<double>(rows.begin() + 10, rows.begin() + 12));
    make(inputs, 2).draw(95, one);
    CHECK(one != std::vector<double>(rows.begin() + 10, rows.begin() + 12));
}

TEST_CASE("nothing uncertain: the same scenario each time") {
    const Sampler sampler = make({input("a", Spread::certain(3)), input("b", Spread::certain(4), 0.5)});
    CHECK(sampler.factors() == 0);
    std::vector<double> rows(4);
    sampler.draw(7, rows);
    CHECK(rows == std::vector<double>{3, 4, 3, 4});
    make({}).draw(0, {});
}

TEST_CASE("what cannot be sampled is refused, by name") {
    CHECK(error_of({input("a", {2, 1, 3})}) == "a: low 2 / central 1 / high 3 are out of order");
    CHECK(error_of({input("a", skewed), input("a", flat)}) ==
          "uncertain input 'a' is there twice; ids must differ");
    CHECK(error_of({input("a", skewed, 0.8, 0.3, "DE")}) ==
          "a: shares of common doubt, europe 0.8 and group 0.3, need 0 to 1 in all");
    CHECK(error_of({input("a", skewed, -0.1)}) ==
          "a: shares of common doubt, europe -0.1 and group 0, need 0 to 1 in all");
    CHECK(error_of({input("a", skewed, 0, 0.3)}) == "a: 0.3 of its doubt is its group's, but it names none");
    CHECK(error_of({input("a", skewed, 0.7, 0.3, "DE")}) == "no error");
}
