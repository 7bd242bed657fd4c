#include "planner/headline_checks.hpp"

#include <doctest/doctest.h>

#include <set>

#include "planner/headline_file.hpp"

namespace euromesh::planner {
namespace {

using doctest::Approx;

std::vector<HeadlineParameters> published() {
    const auto all = published_headlines();
    REQUIRE(all);
    return *all;
}

HeadlineChecks checks_of_baseline() {
    const auto all = published();
    return check_headline(all[1], all[0], all[2]);
}

}  // namespace

TEST_CASE("no Layer 1 parameter moves the published gap, alone or all at once") {
    const HeadlineChecks checks = checks_of_baseline();
    std::set<std::string> ids;
    for (const Layer1Sweep& sweep : checks.layer1) {
        CAPTURE(sweep.id);
        CHECK(sweep.moves == 0);
        CHECK(sweep.range.low < sweep.range.high);
        CHECK(!sweep.range_from.empty());
        ids.insert(sweep.id);
    }
    CHECK(ids == std::set<std::string>{"alpha0", "k_h", "k_n", "alpha_cap", "mfu", "inner_steps",
                                       "compression", "wan_gbit_s", "latency_ms", "overlap", "batch_tokens"});
    CHECK(checks.gap_all_best == 52);
    CHECK(checks.gap_all_worst == 52);
}

TEST_CASE("ranges are those of the published scenarios where they differ") {
    const auto all = published();
    const auto sweeps = layer1_sweeps(all[1], all[0], all[2]);
    CHECK(sweeps[0].range.low == 1.05);
    CHECK(sweeps[0].range.high == 1.20);
    CHECK(sweeps[0].best == 1.05);
    CHECK(sweeps[4].range.low == 0.35);
    CHECK(sweeps[4].best == 0.42);
}

TEST_CASE("a sweep tells when something moves: a target near the sites' limit") {
    auto all = published();
    all[1].target.tokens *= 300;
    int moved = 0;
    for (const Layer1Sweep& sweep : layer1_sweeps(all[1], all[0], all[2])) moved += sweep.moves.value_or(0);
    CHECK(moved > 0);
    all[1].target.tokens *= 1e6;
    CHECK(!layer1_sweeps(all[1], all[0], all[2])[0].moves);
}

TEST_CASE("the wait of the campus is what moves the gap") {
    const HeadlineChecks checks = checks_of_baseline();
    CHECK(checks.campus_lead_years.low == 5.5);
    CHECK(checks.campus_lead_years.high == 9.5);
    CHECK(checks.gap_shortest_lead == 34);
    CHECK(checks.gap_longest_lead == 82);
    CHECK(checks.on_site_years == 2.0);
    CHECK(checks.gap_on_site == -8);
}

TEST_CASE("at equal power the gap stays for a small target and shrinks for a large one") {
    const HeadlineParameters base = published()[1];
    CHECK(equal_power(base, 24, base.target.flop()).gap == 52);
    CHECK(equal_power(base, 24, 2e28).gap == 32);
    CHECK(equal_power(base, 25, base.target.flop()).gap == 52);
    CHECK(equal_power(base, 25, 2e28).gap == 33);
    CHECK(equal_power(base, 0, 2e28).gap == 48);
    const HeadlineChecks checks = checks_of_baseline();
    REQUIRE(checks.equal_power.size() == 4);
    CHECK(checks.equal_power[1].sites == 24);
    CHECK(checks.equal_power[1].gap == 32);
    CHECK(checks.equal_power[3].sites == 25);
}

TEST_CASE("the mesh has twice the power, and the target is small for either") {
    const HeadlineChecks checks = checks_of_baseline();
    CHECK(checks.power_ratio == Approx(1.96));
    CHECK(checks.campus_hours == Approx(18.43).epsilon(1e-3));  // the published 19 is the next whole hour
    CHECK(checks.site_days == Approx(27.71).epsilon(1e-3));     // the published 27 is the whole days
}

}  // namespace euromesh::planner
