#include "planner/sensitivity.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <numeric>

using namespace euromesh;
using namespace euromesh::planner;

namespace {

constexpr double pi = std::numbers::pi;
constexpr double never = std::numeric_limits<double>::infinity();

Sampler uniform_inputs(std::size_t count, double low, double high) {
    std::vector<UncertainInput> inputs;
    for (std::size_t i = 0; i < count; ++i)
        inputs.push_back({.id = "x" + std::to_string(i + 1),
                          .label = "",
                          .unit = "1",
                          .spread = {low, (low + high) / 2, high, Spread::Shape::uniform},
                          .europe = 0,
                          .group_share = 0,
                          .group = ""});
    return *Sampler::make(inputs, 1);
}

// Ishigami and Homma (1990) with a = 7, b = 0.1.
double ishigami(std::span<const double> x) {
    return std::sin(x[0]) + 7 * std::pow(std::sin(x[1]), 2) + 0.1 * std::pow(x[2], 4) * std::sin(x[0]);
}

struct Known {
    std::vector<double> first;
    std::vector<double> total;
};

Known known_of_ishigami() {
    const double v1 = 0.5 * std::pow(1 + 0.1 * std::pow(pi, 4) / 5, 2);
    const double v2 = 49.0 / 8;
    const double v13 = 0.01 * std::pow(pi, 8) * 8 / 225;
    const double v = v1 + v2 + v13;
    return {{v1 / v, v2 / v, 0}, {(v1 + v13) / v, v2 / v, v13 / v}};
}

// Sobol's g-function, from independent parts of variance 1 / (3 (1 + a)^2).
const std::vector<double> g_parameters = {0, 1, 4.5, 9, 99, 99, 99, 99};

double g_function(std::span<const double> x) {
    double product = 1;
    for (std::size_t i = 0; i < x.size(); ++i)
        product *= (std::abs(4 * x[i] - 2) + g_parameters[i]) / (1 + g_parameters[i]);
    return product;
}

Known known_of_g() {
    double all = 1;
    for (const double a : g_parameters) all *= 1 + 1 / (3 * (1 + a) * (1 + a));
    Known known;
    for (const double a : g_parameters) {
        const double part = 1 / (3 * (1 + a) * (1 + a));
        known.first.push_back(part / (all - 1));
        known.total.push_back(part * all / (1 + part) / (all - 1));
    }
    return known;
}

void check_near(const SobolIndices& result, const Known& known, double tolerance) {
    REQUIRE(result.indices.size() == known.first.size());
    for (std::size_t i = 0; i < known.first.size(); ++i) {
        CAPTURE(i);
        CHECK(std::abs(result.indices[i].first - known.first[i]) < tolerance);
        CHECK(std::abs(result.indices[i].total - known.total[i]) < tolerance);
    }
}

bool holds(const Interval& interval, double value) {
    return interval.low <= value && value <= interval.high;
}

}  // namespace

TEST_CASE("the known indices of Ishigami's function") {
    const Known known = known_of_ishigami();
    CHECK(known.first[0] == doctest::Approx(0.3139).epsilon(1e-3));
    CHECK(known.total[2] == doctest::Approx(0.2437).epsilon(1e-3));
    const Sampler sampler = uniform_inputs(3, -pi, pi);
    const SobolIndices result =
        sobol_indices(sampler, ishigami, single_factors(sampler), {.base_samples = 8192, .bootstrap = 100});
    check_near(result, known, 0.01);
    CHECK(result.mean == doctest::Approx(3.5).epsilon(1e-3));
    CHECK(result.variance == doctest::Approx(13.8446).epsilon(1e-2));
    CHECK(result.indices[0].group.id == "x1");
}

TEST_CASE("the known indices of the g-function") {
    const Sampler sampler = uniform_inputs(g_parameters.size(), 0, 1);
    check_near(
        sobol_indices(sampler, g_function, single_factors(sampler), {.base_samples = 8192, .bootstrap = 10}),
        known_of_g(), 0.01);
}

TEST_CASE("intervals hold the known indices in at least nine of ten runs, and shrink with more samples") {
    const Known known = known_of_ishigami();
    const Sampler sampler = uniform_inputs(3, -pi, pi);
    int held = 0;
    double width = 0;
    double width_of_more = 0;
    constexpr int runs = 30;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        const auto result = sobol_indices(sampler, ishigami, single_factors(sampler),
                                          {.base_samples = 512, .bootstrap = 200, .seed = seed});
        const auto more = sobol_indices(sampler, ishigami, single_factors(sampler),
                                        {.base_samples = 4096, .bootstrap = 200, .seed = seed});
        for (std::size_t i = 0; i < 3; ++i) {
            held += holds(result.indices[i].first_interval, known.first[i]);
            held += holds(result.indices[i].total_interval, known.total[i]);
        }
        width += result.indices[0].first_interval.high - result.indices[0].first_interval.low;
        width_of_more += more.indices[0].first_interval.high - more.indices[0].first_interval.low;
    }
    CHECK(held >= 0.9 * 6 * runs);
    CHECK(width_of_more < 0.5 * width);
    CHECK(width_of_more > 0.1 * width);
}

TEST_CASE("a group counts with what happens between its factors") {
    const Known known = known_of_ishigami();
    const Sampler sampler = uniform_inputs(3, -pi, pi);
    const std::vector<FactorGroup> groups = {{.id = "odd", .label = "", .factors = {0, 2}},
                                             {.id = "all", .label = "", .factors = {0, 1, 2}},
                                             {.id = "none", .label = "", .factors = {}}};
    const SobolIndices result =
        sobol_indices(sampler, ishigami, groups, {.base_samples = 8192, .bootstrap = 10});
    check_near(result, {{1 - known.first[1], 1, 0}, {1 - known.first[1], 1, 0}}, 0.02);
}

TEST_CASE("a common factor takes its share of the variance") {
    // The sum of n inputs with unit variance scores: nearly linear in the normal scores, so that Europe's
    // index is close to that of a sum of normals, n^2 e / (n^2 e + n (1 - e)).
    std::vector<UncertainInput> inputs;
    for (int i = 0; i < 4; ++i)
        inputs.push_back({.id = "x" + std::to_string(i),
                          .label = "",
                          .unit = "1",
                          .spread = {0, 1, 2},
                          .europe = 0.5,
                          .group_share = 0,
                          .group = ""});
    const Sampler sampler = *Sampler::make(inputs, 1);
    const auto sum = [](std::span<const double> x) { return std::accumulate(x.begin(), x.end(), 0.0); };
    const SobolIndices result = sobol_indices(sampler, sum, single_factors(sampler), {.bootstrap = 10});
    CHECK(result.indices[0].group.id == "europe");
    CHECK(result.indices[0].first == doctest::Approx(0.8).epsilon(0.02));
    CHECK(result.indices[1].first == doctest::Approx(0.05).epsilon(0.1));
}

TEST_CASE("never counts as the cap, and the share of such outcomes is told") {
    const Sampler sampler = uniform_inputs(2, 0, 1);
    const auto late = [](std::span<const double> x) { return x[0] < 0.75 ? x[1] : never; };
    const auto capped = [](std::span<const double> x) { return x[0] < 0.75 ? x[1] : 5; };
    const auto a = sobol_indices(sampler, late, single_factors(sampler), {.bootstrap = 10, .cap = 5});
    const auto b = sobol_indices(sampler, capped, single_factors(sampler), {.bootstrap = 10});
    CHECK(a.indices[0].first == b.indices[0].first);
    CHECK(a.capped_share == doctest::Approx(0.25).epsilon(1e-3));
    CHECK(b.capped_share == 0);
}

TEST_CASE("the same bits for any number of threads") {
    const Sampler sampler = uniform_inputs(3, -pi, pi);
    const auto one =
        sobol_indices(sampler, ishigami, single_factors(sampler), {.bootstrap = 50, .threads = 1});
    const auto four =
        sobol_indices(sampler, ishigami, single_factors(sampler), {.bootstrap = 50, .threads = 4});
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(one.indices[i].first == four.indices[i].first);
        CHECK(one.indices[i].total_interval.high == four.indices[i].total_interval.high);
    }
}

TEST_CASE("an outcome that does not vary has indices 0") {
    const Sampler sampler = uniform_inputs(2, 0, 1);
    const auto flat = [](std::span<const double>) { return 7.0; };
    const auto result = sobol_indices(sampler, flat, single_factors(sampler), {.bootstrap = 10});
    CHECK(result.variance == 0);
    CHECK(result.indices[1].total == 0);
    const Sampler certain = uniform_inputs(2, 3, 3);
    const auto nothing =
        sobol_indices(certain, flat, {{.id = "none", .label = "", .factors = {}}}, {.bootstrap = 10});
    CHECK(nothing.mean == 7);
    CHECK(nothing.indices.size() == 1);
}

TEST_CASE("tornado: one input at a time, longest bar first") {
    std::vector<UncertainInput> inputs = uniform_inputs(4, 0, 10).input_list();
    inputs[3].spread = Spread::certain(1);
    const Sampler sampler = *Sampler::make(inputs, 1);
    const auto outcome = [](std::span<const double> x) { return x[0] - 3 * x[1] + (x[2] > 8 ? never : 0); };
    const Tornado result = tornado(sampler, outcome);
    CHECK(result.central == -10);
    REQUIRE(result.bars.size() == 3);
    CHECK(result.bars[0].input == 2);
    CHECK(result.bars[0].swing == never);
    CHECK(result.bars[1].input == 1);
    CHECK(result.bars[1].input_low == doctest::Approx(1));
    CHECK(result.bars[1].input_high == doctest::Approx(9));
    CHECK(result.bars[1].at_low == doctest::Approx(2));
    CHECK(result.bars[1].at_high == doctest::Approx(-22));
    CHECK(result.bars[2].swing == doctest::Approx(8));
}
