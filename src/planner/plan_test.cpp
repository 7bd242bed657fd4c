#include "planner/plan.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("the arithmetic: 963, 241, 96 and 24 days") {
    const double target = target_of("405b").value().flop;
    CHECK(static_cast<int>(arithmetic_days(target, 0.025)) == 963);
    CHECK(std::lround(arithmetic_days(target, 0.10)) == 241);
    CHECK(std::lround(arithmetic_days(target, 0.25)) == 96);
    CHECK(std::lround(arithmetic_days(target, 1.0)) == 24);
}

TEST_CASE("the steps lead from the arithmetic to the answer") {
    const Plan plan = plan_like("existing-fleet");
    REQUIRE(plan.steps.size() == 8);
    CHECK(plan.steps.front().days == doctest::Approx(arithmetic_days(plan.scenario.target.flop, 0.10)));
    CHECK(plan.steps.back().days == doctest::Approx(plan.answer.days));
    for (const Step& step : plan.steps) CHECK(plan.fleet.trace.find(step.figure) != nullptr);
}

TEST_CASE("a date for both targets at every share, earlier with more") {
    for (const char* model : {"405b", "llama-405b"}) {
        double before = never;
        for (const double share : {0.025, 0.10, 0.25, 1.0}) {
            const Plan plan =
                plan_like("existing-fleet",
                          fmt::format("[target]\nmodel = \"{}\"\n[fleet]\nshare = {}\n", model, share));
            CAPTURE(share);
            CHECK(plan.answer.days < before);
            CHECK(date_after(plan, plan.answer.days).has_value());
            before = plan.answer.days;
        }
    }
}

TEST_CASE("golden: the existing fleet at a tenth") {
    const Plan plan = plan_like("existing-fleet");
    CHECK(plan.answer.days == doctest::Approx(356.45).epsilon(0.002));
    CHECK(facts::to_iso(date_after(plan, plan.answer.days).value()) == "2027-11-23");
    CHECK(plan.answer.kwh / 1e6 == doctest::Approx(23.2).epsilon(0.01));
}

TEST_CASE("the doubt is the same on one thread and on two, and lies about the answer") {
    Plan plan = plan_like("existing-fleet", "scenarios = 2048\n");
    const PlanDoubt one = doubt_of(plan, 1).value();
    const PlanDoubt two = doubt_of(plan, 2).value();
    add_median(plan, one);
    const auto a = one.outcomes.of(0), b = two.outcomes.of(0);
    CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    const Band band = one.outcomes.band(0);
    CHECK(band.p05 < plan.answer.days);
    CHECK(band.p95 > plan.answer.days);
    CHECK(plan.steps.back().days == band.p50);
    CHECK(plan.fleet.trace.find("answer.median")->value == band.p50);
}

TEST_CASE("the curve rises, holds its band, and meets the target on the day") {
    Plan plan = plan_like("existing-fleet", "scenarios = 64\n");
    const PlanDoubt doubt = doubt_of(plan, 1).value();
    add_median(plan, doubt);
    const auto curve = curve_of(plan, doubt.sampler, 50);
    REQUIRE(curve.size() == 51);
    for (std::size_t i = 1; i < curve.size(); ++i) {
        CHECK(curve[i].flop >= curve[i - 1].flop);
        CHECK(curve[i].p10 <= curve[i].flop);
        CHECK(curve[i].flop <= curve[i].p90);
    }
    CHECK(curve.back().flop > plan.scenario.target.flop);
    CHECK(flop_done_by(plan.spans, plan.answer.days) == doctest::Approx(plan.scenario.target.flop));
}

TEST_CASE("what would help most comes first, and a campus is bound by its power") {
    const Plan plan = plan_like("campus-on-site");
    REQUIRE_FALSE(plan.gains.empty());
    CHECK(plan.gains.front().label == "every system there on the first day");
    for (std::size_t i = 1; i < plan.gains.size(); ++i) CHECK(plan.gains[i].days <= plan.gains[i - 1].days);
}

TEST_CASE("a fleet without a site that can compute has no date, and says so without falling over") {
    Plan plan = plan_like("existing-fleet", "[fleet]\nstatus = []\n");
    CHECK(plan.answer.days == never);
    CHECK_FALSE(date_after(plan, plan.answer.days));
    CHECK(doubt_of(plan, 1).value().outcomes.finite_share(0) == 0);
}

TEST_CASE("allocations too short to start a job compute nothing, and that is an answer") {
    const Plan plan = plan_like("existing-fleet", "[access]\nwall_time_h = 0.1\n");
    CHECK(plan.answer.days == never);
}

TEST_CASE("a given MFU and efficiency replace the models") {
    const Plan plan = plan_like("existing-fleet",
                                "[run]\nmfu = 0.35\nefficiency = 0.73\n[access]\nkind = \"reserved\"\n"
                                "maintenance = 0\ncoordination_days = 0\n[fleet]\nshare = 1.0\n");
    const double plain = plan.scenario.target.flop / (70.9e18 * 0.35 * 0.73 * 86400);
    CHECK(plan.answer.days > plain);
    CHECK(plan.answer.days < plain * 1.15);
}
