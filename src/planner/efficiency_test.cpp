#include "planner/efficiency.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

constexpr double gbit = 1e9 / 8;

// 10B, H = 100, int8 ring over 14 nodes, 38 minutes of compute in an outer step: arXiv 2412.01152.
RunShape intellect_1() {
    return {.parameters = 10e9,
            .active_parameters = 10e9,
            .batch_tokens = 1e6,
            .inner_steps = 100,
            .payload_bytes_per_parameter = payload_of("int8").value()};
}

double flop_per_s_for_round(const RunShape& shape, double compute_s) {
    return 6 * shape.active_parameters * shape.batch_tokens * shape.inner_steps / compute_s;
}

// What the line must have carried for an exchange to take so long.
double line_for(const RunShape& shape, double sites, double exchange_s) {
    return bytes_on_busiest_line(shape.topology, shape.parameters * shape.payload_bytes_per_parameter,
                                 sites) /
           exchange_s;
}

struct Reported {
    double exchange_s, utilisation;
};

struct Simulated {
    double inner_steps, gbit_per_s, utilisation;
};

RunShape any_shape(Random& random) {
    const double parameters = std::exp(std::log(1e8) + random.uniform() * std::log(1e4));
    return {.parameters = parameters,
            .active_parameters = parameters * (0.1 + 0.9 * random.uniform()),
            .batch_tokens = 1e6 + 6e7 * random.uniform(),
            .inner_steps = 1 + 500 * random.uniform(),
            .overlap_steps = 5 * random.uniform(),
            .payload_bytes_per_parameter = 0.03 + 4 * random.uniform(),
            .topology = static_cast<Topology>(random.below(3))};
}

Conditions any_conditions(Random& random) {
    return {.wan_bytes_per_s = 1e7 + 1e10 * random.uniform(),
            .round_trip_s = 0.1 * random.uniform(),
            .straggler = 0.3 * random.uniform(),
            .penalty_scale = 2 * random.uniform()};
}

}  // namespace

TEST_CASE("INTELLECT-1: utilisation of three exchange times, within 0.1 points") {
    const RunShape shape = intellect_1();
    for (const Reported& reported : {Reported{103, 0.957}, Reported{382, 0.856}, Reported{469, 0.830}}) {
        const Conditions conditions = {.wan_bytes_per_s = line_for(shape, 14, reported.exchange_s)};
        const Efficiency found = efficiency_of(shape, conditions, 14, flop_per_s_for_round(shape, 38 * 60));
        CHECK(found.exchange_s == doctest::Approx(reported.exchange_s));
        CHECK(std::abs(found.utilisation - reported.utilisation) < 0.001);
    }
}

TEST_CASE("Llama 3 405B over two sites, steps of 26 s: a published simulation, within 7 points") {
    // arXiv 2503.09799, table 6: the line that gives this utilisation; their simulator hides one step.
    const Simulated rows[] = {{10, 72, 0.8},   {10, 126.5, 0.9}, {50, 13.3, 0.8},   {50, 28.1, 0.9},
                              {100, 2.0, 0.5}, {100, 7.5, 0.8},  {100, 16, 0.9},    {100, 33.9, 0.95},
                              {300, 3.0, 0.8}, {300, 6.2, 0.9},  {300, 13.3, 0.95}, {300, 59.6, 0.99}};
    for (const Simulated& row : rows) {
        const RunShape shape = {.parameters = 405e9,
                                .active_parameters = 405e9,
                                .batch_tokens = 16e6,
                                .inner_steps = row.inner_steps,
                                .overlap_steps = 1,
                                .payload_bytes_per_parameter = 2};
        const Conditions conditions = {.wan_bytes_per_s = row.gbit_per_s * gbit};
        const double flop_per_s = flop_per_s_for_round(shape, 26 * row.inner_steps);
        CAPTURE(row.inner_steps);
        CAPTURE(row.gbit_per_s);
        CHECK(std::abs(efficiency_of(shape, conditions, 2, flop_per_s).utilisation - row.utilisation) < 0.07);
    }
}

TEST_CASE("one site loses nothing but its batch") {
    RunShape shape = intellect_1();
    const Conditions poor = {.wan_bytes_per_s = 1, .round_trip_s = 9, .straggler = 0.5, .penalty_scale = 2};
    const Efficiency alone = efficiency_of(shape, poor, 1, 1e18);
    CHECK(alone.exchange_s == 0);
    CHECK(alone.utilisation == 1);
    CHECK(alone.penalty == 1);
    CHECK(alone.total == doctest::Approx(1 / alone.batch_penalty));
    shape.reference_batch_tokens = shape.batch_tokens;
    CHECK(efficiency_of(shape, poor, 1, 1e18).total == 1);
}

TEST_CASE("worked number of the page: 405B over ten sites") {
    const RunShape shape = {.parameters = 405e9,
                            .active_parameters = 405e9,
                            .batch_tokens = 16e6,
                            .inner_steps = 100,
                            .overlap_steps = 5,
                            .payload_bytes_per_parameter = payload_of("int4").value(),
                            .training_tokens = 15.6e12,
                            .reference_batch_tokens = 16e6};
    const Conditions conditions = {
        .wan_bytes_per_s = 1.25e9, .round_trip_s = 0.03, .straggler = 0.03, .penalty_scale = 1};
    const Efficiency found = efficiency_of(shape, conditions, 10, 1.3e18);
    CHECK(found.exchange_s == doctest::Approx(301.0).epsilon(0.001));
    CHECK(found.exposed_s == doctest::Approx(151.4).epsilon(0.001));
    CHECK(found.utilisation == doctest::Approx(0.9518).epsilon(0.001));
    CHECK(found.penalty == doctest::Approx(1.231).epsilon(0.001));
    CHECK(found.total == doctest::Approx(0.750).epsilon(0.001));
}

TEST_CASE("efficiency is a share, and never rises with what costs") {
    Random random(13);
    for (int i = 0; i < 5000; ++i) {
        const RunShape shape = any_shape(random);
        const Conditions conditions = any_conditions(random);
        const double sites = 1 + 50 * random.uniform();
        const double rate = 1e17 + 1e20 * random.uniform();
        const Efficiency once = efficiency_of(shape, conditions, sites, rate);
        CHECK(once.total > 0);
        CHECK(once.total <= 1);
        CHECK(once.exposed_s <= once.exchange_s);
        const double most = once.total * (1 + 1e-12);
        const auto other = [&](auto change) {
            RunShape a = shape;
            Conditions b = conditions;
            change(a, b);
            return efficiency_of(a, b, sites, rate).total;
        };
        CHECK(other([](auto&, auto& b) { b.wan_bytes_per_s *= 0.8; }) <= most);
        CHECK(other([](auto&, auto& b) { b.round_trip_s += 0.02; }) <= most);
        CHECK(other([](auto&, auto& b) { b.penalty_scale += 0.1; }) <= most);
        CHECK(other([](auto&, auto& b) { b.straggler += 0.05; }) <= most);
        CHECK(other([](auto& a, auto&) { a.payload_bytes_per_parameter *= 1.2; }) <= most);
        CHECK(other([](auto& a, auto&) { a.overlap_steps += 1; }) * (1 + 1e-12) >= once.total);
        CHECK(efficiency_of(shape, conditions, sites * 1.2, rate).total <= most);
        CHECK(efficiency_of(shape, conditions, sites, rate * 2).total <= most);
    }
}

TEST_CASE("the trace tells the same number, with its parts") {
    Trace trace;
    const Conditions conditions = {.wan_bytes_per_s = 1e9, .round_trip_s = 0.03, .penalty_scale = 1};
    describe_efficiency(trace, intellect_1(), conditions, 14, 1e18);
    REQUIRE(trace.find("efficiency.total") != nullptr);
    CHECK(trace.find("efficiency.total")->value == efficiency_of(intellect_1(), conditions, 14, 1e18).total);
    CHECK(explain(trace, "efficiency.total").find("2503.09799") != std::string::npos);
}
