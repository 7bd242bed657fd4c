#include "planner/availability.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

constexpr double llama_3_hours = 54 * 24 / 466.0;

double uniform(Random& random, double low, double high) {
    return low + (high - low) * random.uniform();
}

AvailabilityInputs any_inputs(Random& random) {
    return {.wall_time_h = uniform(random, 1, 100),
            .queue_h = uniform(random, 0, 200),
            .chained = uniform(random, 0, 0.95),
            .reserved = random.below(4) == 0,
            .maintenance_fraction = uniform(random, 0, 0.1),
            .restart_s = uniform(random, 0, 3000),
            .accelerators = uniform(random, 1, 30000),
            .mean_time_between_failures_h = uniform(random, 5, 100),
            .checkpoint_interval_s = random.below(2) == 0 ? 0 : uniform(random, 60, 10000),
            .checkpoint_write_s = uniform(random, 1, 300)};
}

}  // namespace

TEST_CASE("24 h of allocation after 36 h of queue") {
    const AvailabilityInputs plain;
    CHECK(availability_of(plain) == doctest::Approx(0.3733).epsilon(0.001));
    AvailabilityInputs chained = plain;
    chained.chained = 1;
    CHECK(availability_of(chained) == doctest::Approx(0.9332).epsilon(0.001));
    AvailabilityInputs reserved = plain;
    reserved.reserved = true;
    CHECK(availability_of(reserved) == doctest::Approx(0.9405).epsilon(0.001));
}

TEST_CASE("Llama 3: a failure every 2.8 hours on 16,384 cards, above 90 % of the time was useful") {
    const double failures = llama_3_hours * 3600;
    CHECK(failures == doctest::Approx(10011).epsilon(0.001));
    CHECK(llama_3_hours * 16.384 ==
          doctest::Approx(AvailabilityInputs{}.mean_time_between_failures_h).epsilon(0.002));
    const double interval = best_checkpoint_interval_s(15, failures);
    CHECK(interval == doctest::Approx(548).epsilon(0.01));
    CHECK(checkpoint_efficiency(interval, 15, 300, failures) == doctest::Approx(0.918).epsilon(0.005));
}

TEST_CASE("Young's interval is nearly the best one") {
    const double best = best_checkpoint_interval_s(60, 20'000);
    const double efficiency = checkpoint_efficiency(best, 60, 300, 20'000);
    for (double factor = 0.2; factor < 5; factor *= 1.1)
        CHECK(checkpoint_efficiency(best * factor, 60, 300, 20'000) < efficiency + 1e-3);
}

TEST_CASE("availability is a share, and falls with all that costs time") {
    Random random(5);
    for (int i = 0; i < 3000; ++i) {
        const AvailabilityInputs in = any_inputs(random);
        const double once = availability_of(in);
        CHECK(once >= 0);
        CHECK(once <= 1);
        const auto changed = [&](auto change) {
            AvailabilityInputs other = in;
            change(other);
            return availability_of(other);
        };
        CHECK(changed([](auto& x) { x.queue_h += 5; }) <= once);
        CHECK(changed([](auto& x) { x.chained += 0.05; }) >= once);
        CHECK(changed([](auto& x) { x.maintenance_fraction += 0.01; }) <= once);
        CHECK(changed([](auto& x) { x.restart_s += 60; }) <= once);
        CHECK(changed([](auto& x) { x.accelerators *= 1.5; }) <= once);
        CHECK(changed([](auto& x) { x.mean_time_between_failures_h *= 1.5; }) >= once);
        CHECK(changed([](auto& x) { x.reserved = true; }) >= once);
        CHECK(changed([](auto& x) { x.wall_time_h *= 1.5; }) >= once);
    }
}

TEST_CASE("an allocation shorter than its own start computes nothing") {
    AvailabilityInputs in;
    in.wall_time_h = 0.1;
    CHECK(availability_of(in) == 0);
}

TEST_CASE("the trace tells the same number, down to the sources") {
    Trace trace;
    const AvailabilityInputs in;
    describe_availability(trace, in);
    REQUIRE(trace.find("availability.total") != nullptr);
    CHECK(trace.find("availability.total")->value == availability_of(in));
    CHECK(trace.find("availability.total")->grade == facts::Grade::c);
    CHECK(trace.find("availability.mtbf_per_1000")->source.url == "https://arxiv.org/abs/2407.21783");
    CHECK(explain(trace, "availability.total").find("Llama 3") != std::string::npos);
}
