#include "planner/comparison.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("a plan against itself ties in every scenario") {
    const Plan plan = plan_like("existing-fleet", "scenarios = 512\n");
    const Comparison comparison = compare(plan, plan, 1).value();
    CHECK(comparison.gap_days == 0);
    CHECK(comparison.odds.tie == 1);
    CHECK(comparison.equal_power->factor == doctest::Approx(1));
    CHECK(comparison.equal_money->gap_days == doctest::Approx(0));
}

TEST_CASE("the existing fleet comes before a campus that waits for the grid; odds add up to one") {
    const Plan fleet = plan_like("existing-fleet", "scenarios = 1024\n");
    const Plan campus = plan_like("campus-grid");
    const Comparison comparison = compare(fleet, campus, 1).value();
    CHECK(comparison.gap_days > 1500);
    CHECK(comparison.odds.first > 0.99);
    CHECK(comparison.odds.first + comparison.odds.second + comparison.odds.tie == doctest::Approx(1));
    CHECK(comparison.equal_power->days > campus.answer.days);
    CHECK(power_mw(campus) == doctest::Approx(1000).epsilon(0.001));
}

TEST_CASE("at the value of a flip the plans tie") {
    const Plan fleet = plan_like("existing-fleet", "[fleet]\nshare = 0.025\n");
    const Plan campus = plan_like("campus-on-site");
    const std::vector<Flip> list = flips(fleet, campus, built_in_facts()).value();
    const auto campus_day =
        std::find_if(list.begin(), list.end(), [](const Flip& flip) { return flip.id == "online.campus"; });
    REQUIRE(campus_day != list.end());
    REQUIRE(campus_day->tie);
    CHECK(campus_day->within);
    Plan tied = campus;
    for (std::size_t i = 0; i < tied.central.size(); ++i)
        if (tied.fleet.model.inputs[i].id == "online.campus") tied.central[i] = *campus_day->tie;
    CHECK(tied.fleet.model.evaluate(tied.central).days == doctest::Approx(fleet.answer.days).epsilon(0.0001));
    const auto price =
        std::find_if(list.begin(), list.end(), [](const Flip& flip) { return flip.id == "electricity"; });
    REQUIRE(price != list.end());
    CHECK_FALSE(price->tie);
}

TEST_CASE("the share that ties is found, and the plans tie there") {
    const Plan fleet = plan_like("existing-fleet", "[fleet]\nshare = 0.025\n");
    const Plan campus = plan_like("campus-on-site");
    const Flip share = flips(fleet, campus, built_in_facts()).value().front();
    CHECK(share.id == "share");
    REQUIRE(share.tie);
    const Plan tied = plan_like("existing-fleet", fmt::format("[fleet]\nshare = {}\n", *share.tie));
    CHECK(tied.answer.days == doctest::Approx(campus.answer.days).epsilon(0.02));
}
