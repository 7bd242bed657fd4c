#include "planner/measured_efficiency.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "planner/convergence.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

// The three-sites example, measured on two cores.
contract::Measured measured() {
    return {.program = "0.1.0",
            .date = "2026-11-21",
            .run = "three-sites",
            .parameters = 1'033'344,
            .inner_steps = 30,
            .rounds = 256,
            .batch_tokens = 384,
            .codec = "int8",
            .bytes_per_parameter = 1.3619,
            .loss_gap = 0.0257,
            .sites = {{"a", 10566, 9.26, 1.65}, {"b", 10564, 8.67, 2.23}, {"c", 10443, 8.78, 2.25}}};
}

RunShape small_shape() {
    return {.parameters = 2e6,
            .active_parameters = 2e6,
            .batch_tokens = 384,
            .inner_steps = 40,
            .payload_bytes_per_parameter = 1.02,
            .training_tokens = 1e9,
            .reference_batch_tokens = 384};
}

// A round of compute of one second, an exchange that takes this share of it.
Conditions exchange_of(double share) {
    return {.wan_bytes_per_s = 2e6 * 1.02 * 4 / 3 / share, .straggler = 0.1, .penalty_scale = 1};
}
const double one_second = 6 * 2e6 * 384 * 40;

}  // namespace

TEST_CASE("bytes on the wire carry over to any size: 0.6 % of framing") {
    const double payload = measured_payload(measured(), "int8").value();
    CHECK(payload == doctest::Approx(1.0214).epsilon(0.001));
    CHECK(payload / payload_of("int8").value() == doctest::Approx(1.006).epsilon(0.001));
    CHECK(!measured_payload(measured(), "bf16"));
    contract::Measured brief = measured();
    brief.rounds = 3;
    CHECK(!measured_payload(brief, "int8"));
    contract::Measured alone = measured();
    alone.sites.resize(1);
    CHECK(!measured_payload(alone, "int8"));
}

TEST_CASE("the loss gap holds for a run of its kind") {
    CHECK(measured_penalty(measured(), small_shape(), 3).value() ==
          doctest::Approx(compute_for_log_loss_ratio(std::log(1.0257))));
    CHECK(measured_penalty(measured(), small_shape(), 6));
    CHECK(!measured_penalty(measured(), small_shape(), 7));
    RunShape large = small_shape();
    large.parameters = 405e9;
    CHECK(!measured_penalty(measured(), large, 3));
    RunShape rare = small_shape();
    rare.inner_steps = 61;
    CHECK(!measured_penalty(measured(), rare, 3));
    contract::Measured cold = measured();
    cold.rounds = 30;
    CHECK(!measured_penalty(cold, small_shape(), 3));
    contract::Measured better = measured();
    better.loss_gap = -0.01;
    CHECK(measured_penalty(better, small_shape(), 3).value() == 1);
}

TEST_CASE("utilisation is taken from the measurement in the same regime only") {
    const auto near = measured_efficiency(measured(), small_shape(), exchange_of(0.2), 3, one_second);
    REQUIRE(near);
    CHECK(near->utilisation == measured().utilisation());
    CHECK(near->total == doctest::Approx(near->utilisation / near->penalty));
    const auto idle = measured_efficiency(measured(), small_shape(), exchange_of(0.02), 3, one_second);
    REQUIRE(idle);
    CHECK(idle->utilisation == doctest::Approx(1 / 1.02).epsilon(0.001));
    CHECK(idle->total == doctest::Approx(idle->utilisation * 0.9 / idle->penalty));
}

TEST_CASE("nothing of it is said about 405 billion parameters on ten sites") {
    const RunShape large = {.parameters = 405e9, .active_parameters = 405e9, .batch_tokens = 16e6};
    const Conditions conditions = {.wan_bytes_per_s = 1e9, .round_trip_s = 0.03, .penalty_scale = 1};
    CHECK(!measured_efficiency(measured(), large, conditions, 10, 1.3e18));
}

TEST_CASE("the trace says what was measured, and whether it is used") {
    Trace small;
    const Conditions near = exchange_of(0.2);
    describe_measured_efficiency(small, measured(), "int8", small_shape(), near, 3, one_second);
    CHECK(small.find("measured.loss_gap")->note == "used");
    const RunShape shape = with_measured_payload(measured(), "int8", small_shape());
    CHECK(small.find("efficiency.payload")->value == doctest::Approx(1.0214).epsilon(0.001));
    CHECK(small.find("efficiency.total")->value ==
          measured_efficiency(measured(), shape, near, 3, one_second)->total);
    CHECK(explain(small, "efficiency.total").find("measured: run three-sites") != std::string::npos);

    Trace large;
    const RunShape frontier = {.parameters = 405e9, .active_parameters = 405e9, .batch_tokens = 16e6};
    describe_measured_efficiency(large, measured(), "int4", frontier, near, 10, 1.3e18);
    CHECK(large.find("measured.bytes")->note.find("not used: holds only for the same codec") == 0);
    CHECK(large.find("measured.utilisation")->note.find("not used") == 0);
    CHECK(large.find("efficiency.total")->value == efficiency_of(frontier, near, 10, 1.3e18).total);
}
