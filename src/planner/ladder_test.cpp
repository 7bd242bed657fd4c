#include "planner/ladder.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("larger targets come later and fit fewer sites") {
    const auto rungs =
        ladder(scenario_like("existing-fleet"), built_in_facts(), {1e24, 1e25, 1e26, 1e29}).value();
    REQUIRE(rungs.size() == 4);
    for (std::size_t i = 1; i < rungs.size(); ++i) {
        CHECK(rungs[i].days >= rungs[i - 1].days);
        CHECK(rungs[i].sites <= rungs[i - 1].sites);
    }
    CHECK(rungs[3].days == never);
    CHECK(rungs[0].parameters == doctest::Approx(std::sqrt(1e24 / 120)));
}

TEST_CASE("a frontier that stands still is caught up with on the plan's day; one that runs is not") {
    const Scenario scenario = scenario_like("existing-fleet");
    const Chase still = chase(scenario, built_in_facts(), {1e25, 1}).value();
    const auto rung = ladder(scenario, built_in_facts(), {1e25}).value().front();
    REQUIRE(still.caught_days);
    CHECK(*still.caught_days == std::ceil(rung.days));
    const Chase runs = chase(scenario, built_in_facts(), {5e26, 5}).value();
    CHECK_FALSE(runs.caught_days);
    REQUIRE(runs.years.size() == 10);
    CHECK(runs.years[1].frontier_flop == doctest::Approx(5e26 * 25));
    CHECK(runs.years[1].done_flop > runs.years[0].done_flop);
}
