#include "federation/placement/fair_share.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

namespace euromesh::federation {
namespace {

constexpr std::int64_t day = 86'400'000;

TEST_CASE("half is left after each half-life") {
    CHECK(decayed(1'000'000, 0, 30 * day) == 1'000'000);
    CHECK(decayed(1'000'000, 30 * day, 30 * day) == 500'000);
    CHECK(decayed(1'000'000, 90 * day, 30 * day) == 125'000);
    CHECK(decayed(1'000'000, 3000 * day, 30 * day) == 0);
    CHECK(decayed(1'000'000, -5, 30 * day) == 1'000'000);
}

TEST_CASE("between them it follows the exponential, and never rises") {
    std::int64_t last = 1'000'000'000;
    for (int hour = 0; hour <= 24 * 60; ++hour) {
        const std::int64_t left = decayed(1'000'000'000, hour * 3'600'000LL, 30 * day);
        CHECK(left <= last);
        CHECK(std::abs(static_cast<double>(left) - 1e9 * std::exp2(-hour / 720.0)) < 3e4);
        last = left;
    }
}

TEST_CASE("use of a site is kept as one faded number") {
    FairShareTable table(30 * day);
    table.add("ju", "alpha", 800, 0);
    table.add("ju", "alpha", 100, 30 * day);
    table.add("ju", "beta", 1000, 30 * day);
    table.add("fi", "alpha", 1, 0);
    CHECK(table.use_of("ju", 30 * day) == 1500);
    CHECK(table.use_of("ju", 60 * day) == 750);
    const auto uses = table.uses(60 * day);
    REQUIRE(uses.size() == 2);
    CHECK(uses[0].site == "alpha");
    CHECK(uses[0].decayed_mgpuh == 250);
    table.add("ju", "alpha", 7, 10 * day);
    CHECK(table.use_of("ju", 30 * day) == 1507);
}

TEST_CASE("a table that is written and read back is the same, and forgets what has faded") {
    FairShareTable table(day);
    table.add("ju", "alpha", 800, day);
    table.add("fi", "beta", 3, 0);
    FairShareTable again(day);
    for (const FadingUse& entry : table.entries()) REQUIRE(again.put(entry));
    CHECK(again.entries() == table.entries());
    again.forget_faded(4 * day);
    REQUIRE(again.entries().size() == 1);
    CHECK(again.use_of("ju", 4 * day) == 100);
    CHECK(again.put({"x", "y", -1, 0}).error().code == Code::bad_input);
    CHECK(again.put({"x", "y", 4'000'000'000'000'000'000, 0}));
    again.add("x", "y", 4'000'000'000'000'000'000, 0);
    CHECK(again.use_of("x", 0) == 4'000'000'000'000'000'000);
}

TEST_CASE("share debt is what was used above the share") {
    const PlacementSite site{.id = "alpha", .shares = {{"ju", 500}, {"fi", 300}}};
    const std::vector<SiteUse> use{{"alpha", "ju", 900}, {"alpha", "fi", 100}, {"beta", "fi", 5000}};
    CHECK(share_debt_permille(site, "ju", use) == 400);
    CHECK(share_debt_permille(site, "fi", use) == 0);
    CHECK(share_debt_permille(site, "nobody", use) == 0);
    CHECK(share_debt_permille(site, "ju", {}) == 0);
    CHECK(share_debt_permille(PlacementSite{.id = "alpha"}, "ju", use) == 0);
}

std::vector<std::size_t> ranks_of(const std::vector<Workload>& workloads,
                                  const std::vector<ShareOwner>& owners) {
    std::vector<const Workload*> pointers;
    for (const Workload& workload : workloads) pointers.push_back(&workload);
    return fair_ranks(pointers, owners);
}

Workload hour_of(std::string id, std::string owner) {
    return {.id = std::move(id), .owner = std::move(owner), .gpus = 1, .duration_ms = 3'600'000};
}

TEST_CASE("equal owners take turns, however many workloads one of them has") {
    const std::vector<Workload> queue{hour_of("a1", "a"), hour_of("a2", "a"), hour_of("a3", "a"),
                                      hour_of("b1", "b")};
    CHECK(ranks_of(queue, {}) == std::vector<std::size_t>{0, 2, 3, 1});
}

TEST_CASE("twice the weight is served twice as often, and past use waits") {
    const std::vector<Workload> queue{hour_of("a1", "a"), hour_of("b1", "b"), hour_of("b2", "b"),
                                      hour_of("b3", "b"), hour_of("c1", "c")};
    const auto ranks =
        ranks_of(queue, {{.id = "b", .weight = 2}, {.id = "c", .weight = 1, .decayed_use_mgpuh = 9000}});
    CHECK(ranks == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

TEST_CASE("projects of one owner take turns, and what goes first goes before all of them") {
    std::vector<Workload> queue{hour_of("a1", "ju"), hour_of("a2", "ju"), hour_of("b1", "ju"),
                                hour_of("a3", "ju")};
    for (Workload& workload : queue) workload.turn_of = workload.id.substr(0, 1);
    CHECK(ranks_of(queue, {}) == std::vector<std::size_t>{0, 2, 1, 3});
    CHECK(ranks_of(queue, {{.id = "a", .weight = 1, .decayed_use_mgpuh = 5000}}) ==
          std::vector<std::size_t>{1, 2, 0, 3});
    queue[3].goes_first = true;
    CHECK(ranks_of(queue, {{.id = "a", .weight = 1, .decayed_use_mgpuh = 5000}})[3] == 0);
}

TEST_CASE("within an owner the older goes first, then the id decides") {
    std::vector<Workload> queue{hour_of("z", "a"), hour_of("b", "a"), hour_of("a", "a")};
    queue[1].submitted_ms = queue[2].submitted_ms = 5;
    CHECK(ranks_of(queue, {}) == std::vector<std::size_t>{0, 2, 1});
}

}  // namespace
}  // namespace euromesh::federation
