#include "federation/placement/placement_planner.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "federation/placement/rounds_for_test.hpp"

namespace euromesh::federation {
namespace {

PlacementPlan plan_of(const PlacementRound& round) {
    const auto plan = plan_placement(round);
    REQUIRE(plan.has_value());
    return *plan;
}

const PlannedWorkload& planned(const PlacementPlan& plan, const std::string& id) {
    for (const PlannedWorkload& workload : plan.workloads) {
        if (workload.id == id) return workload;
    }
    FAIL("not in the plan: " << id);
    return plan.workloads.front();
}

std::size_t placed_count(const PlacementPlan& plan) {
    std::size_t placed = 0;
    for (const PlannedWorkload& workload : plan.workloads) placed += workload.claims.empty() ? 0 : 1;
    return placed;
}

TEST_CASE("work goes where it is done first, and the second best takes the rest") {
    PlacementRound round = two_sites();
    round.workloads = {workload_for_test("big", 8), workload_for_test("small", 4),
                       workload_for_test("slow", 16)};
    const PlacementPlan plan = plan_of(round);
    CHECK(planned(plan, "big").claims.at(0).site == "alpha");
    CHECK(planned(plan, "small").claims.at(0).site == "beta");
    const PlannedClaim slow = planned(plan, "slow").claims.at(0);
    CHECK(slow.partition == "mi250");
    CHECK(slow.run_ms == 2 * test_hour);
    CHECK(slow.hold_mgpuh == 32'000);
    CHECK(slow.start_ms == test_now);
    CHECK(plan.quality.proved);
    CHECK(plan.quality.gap_ppm() == 0);
}

TEST_CASE("what frees later is used later") {
    PlacementRound round = two_sites();
    round.sites.pop_back();
    round.sites[0].partitions.pop_back();
    round.sites[0].partitions[0].capacity = {{0, 4}, {test_now + test_hour, 8}};
    round.workloads = {workload_for_test("a", 4, 1), workload_for_test("b", 8, 1)};
    const PlacementPlan plan = plan_of(round);
    CHECK(planned(plan, "a").claims.at(0).start_ms == test_now);
    CHECK(planned(plan, "b").claims.at(0).start_ms == test_now + test_hour);
}

TEST_CASE("who waits is told why") {
    PlacementRound round = two_sites();
    round.workloads = {workload_for_test("first", 8), workload_for_test("huge", 64),
                       workload_for_test("late", 8), workload_for_test("dear", 1)};
    round.workloads[2].rates = round.workloads[0].rates = {{"h100", 1000}};
    round.workloads[2].submitted_ms = test_now;
    round.workloads[3].rates = {{"mi250", 1000}};
    round.policy.wait_ms = 20 * test_hour;
    round.sites[0].partitions[1].queue = {.median_ms = 30 * test_hour, .p90_ms = 30 * test_hour};
    const PlacementPlan plan = plan_of(round);
    CHECK_FALSE(planned(plan, "first").claims.empty());
    CHECK(planned(plan, "huge").wait == WaitReason::no_site);
    CHECK(planned(plan, "late").wait == WaitReason::no_room);
    CHECK(planned(plan, "dear").wait == WaitReason::too_dear);
    CHECK(name_of(WaitReason::too_dear) == "too_dear");
}

TEST_CASE("an urgent class goes first, however long the others have waited") {
    PlacementRound round = two_sites();
    round.sites.pop_back();
    round.sites[0].partitions.pop_back();
    round.workloads = {workload_for_test("old", 8), workload_for_test("new", 8)};
    round.workloads[1].submitted_ms = test_now;
    round.workloads[1].work_class = WorkClass::service;
    const PlacementPlan plan = plan_of(round);
    CHECK_FALSE(planned(plan, "new").claims.empty());
    CHECK(planned(plan, "old").claims.empty());
}

TEST_CASE("claims of a round together do not overdraw a budget") {
    PlacementRound round = two_sites();
    round.budgets = {{"b", 10'000}};
    round.workloads = {workload_for_test("a", 4), workload_for_test("b", 4), workload_for_test("c", 4)};
    for (Workload& workload : round.workloads) {
        workload.budget = "b";
        workload.rates = {{"h100", 1000}};
    }
    CHECK(placed_count(plan_of(round)) == 2);
}

TEST_CASE("a run over several sites gets its quorum at once, and never a forbidden pair") {
    PlacementRound round = two_sites();
    round.sites.push_back({.id = "gamma", .country = "es", .partitions = {partition_for_test("h100", 4)}});
    allow_all(round);
    round.workloads = {workload_for_test("run", 4)};
    round.workloads[0].multi = {.sites = 2, .quorum = 2, .forbidden_pairs = {{"alpha", "beta"}}};
    round.sites[2].partitions[0].price_milli_euro_per_gpu_hour = 3000;
    const auto claims = planned(plan_of(round), "run").claims;
    REQUIRE(claims.size() == 2);
    CHECK(claims[0].site == "alpha");
    CHECK(claims[1].site == "gamma");
    round.workloads[0].multi.forbidden_pairs.push_back({"gamma", "alpha"});
    const auto others = planned(plan_of(round), "run").claims;
    REQUIRE(others.size() == 2);
    CHECK(others[0].site == "beta");
    round.workloads[0].multi.forbidden_pairs.push_back({"beta", "gamma"});
    CHECK(planned(plan_of(round), "run").wait == WaitReason::no_site);
}

// Each moment at which a claim starts is enough: use only rises there.
void check_capacity(const PlacementRound& round, const PlacementPlan& plan) {
    std::map<std::string, std::int64_t> held;
    std::map<std::string, const Workload*> by_id;
    for (const Workload& workload : round.workloads) by_id[workload.id] = &workload;
    for (const PlannedWorkload& workload : plan.workloads) {
        for (const PlannedClaim& claim : workload.claims)
            held[by_id[workload.id]->budget] += claim.hold_mgpuh;
    }
    for (const Budget& budget : round.budgets) CHECK(held[budget.id] <= budget.left_mgpuh);
    for (const PlacementSite& site : round.sites) {
        for (const PlacementPartition& partition : site.partitions) {
            std::vector<std::int64_t> moments;
            for (const CapacityStep& step : partition.capacity)
                moments.push_back(std::max(step.from_ms, round.now_ms));
            for (const std::int64_t moment : moments) {
                std::int64_t used = 0;
                for (const PlannedWorkload& workload : plan.workloads) {
                    for (const PlannedClaim& claim : workload.claims) {
                        const std::int64_t from = claim.start_ms - partition.queue.median_ms;
                        const bool here = claim.site == site.id && claim.partition == partition.id;
                        if (here && from <= moment && moment < from + claim.run_ms) used += claim.gpus;
                    }
                }
                std::int64_t free = 0;
                for (const CapacityStep& step : partition.capacity) {
                    if (step.from_ms <= moment) free = step.gpus_free;
                }
                CHECK(used <= free);
            }
        }
    }
}

void check_verdicts(const PlacementRound& round, const PlacementPlan& plan) {
    std::map<std::pair<std::string, std::string>, bool> allowed;
    for (const LawClass& law : round.law) {
        for (const SiteVerdict& verdict : law.verdicts) allowed[{law.id, verdict.site}] = verdict.allowed;
    }
    for (const Workload& workload : round.workloads) {
        const PlannedWorkload& entry = planned(plan, workload.id);
        std::set<std::string> sites;
        for (const PlannedClaim& claim : entry.claims) {
            CHECK(allowed[{workload.law_class, claim.site}]);
            CHECK(sites.insert(claim.site).second);
        }
        CHECK(entry.claims.size() <= static_cast<std::size_t>(std::max(1, workload.multi.sites)));
        for (const auto& [one, other] : workload.multi.forbidden_pairs) {
            CHECK_FALSE((sites.count(one) > 0 && sites.count(other) > 0));
        }
        if (entry.claims.empty() || workload.multi.sites == 0) continue;
        std::vector<std::int64_t> starts;
        for (const PlannedClaim& claim : entry.claims) starts.push_back(claim.start_ms);
        std::sort(starts.begin(), starts.end());
        const auto quorum = static_cast<std::size_t>(workload.multi.quorum);
        REQUIRE(starts.size() >= quorum);
        CHECK(starts[quorum - 1] - starts[0] <= round.policy.together_ms);
    }
}

TEST_CASE("no plan of a random round exceeds capacity or budget, or breaks a verdict or a pair") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        CAPTURE(seed);
        const PlacementRound round =
            RandomRounds(seed, {.workloads = 20, .shares = seed % 2 == 0, .classes = true, .several = true})
                .make();
        const PlacementPlan plan = plan_of(round);
        CHECK(plan.quality.bound_gpu_s <= plan.quality.cost_gpu_s);
        check_capacity(round, plan);
        check_verdicts(round, plan);
    }
}

TEST_CASE("the order of the lists does not matter") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        PlacementRound round = RandomRounds(seed, {.shares = true, .classes = true, .several = true}).make();
        const PlacementPlan plan = plan_of(round);
        Random random(seed);
        shuffle_for_test(round.workloads, random);
        shuffle_for_test(round.sites, random);
        shuffle_for_test(round.law, random);
        shuffle_for_test(round.budgets, random);
        for (PlacementSite& site : round.sites) shuffle_for_test(site.partitions, random);
        for (LawClass& law : round.law) shuffle_for_test(law.verdicts, random);
        CHECK(plan_of(round) == plan);
    }
}

TEST_CASE("a site that the law rules out for everybody changes nothing by going") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        PlacementRound round = RandomRounds(seed, {.classes = true}).make();
        for (LawClass& law : round.law) {
            for (SiteVerdict& verdict : law.verdicts) {
                if (verdict.site == "site2") verdict.allowed = false;
            }
        }
        const PlacementPlan plan = plan_of(round);
        round.sites.erase(round.sites.begin() + 2);
        CHECK(plan_of(round) == plan);
    }
}

// Each owner's work on its own site alone, against the same work in the federation.
TEST_CASE("no site's owners are worse off than alone") {
    int compared = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        PlacementRound round = RandomRounds(seed, {.workloads = 16, .sites = 3, .shares = true}).make();
        for (Workload& workload : round.workloads) workload.budget = "";
        const PlacementPlan together = plan_of(round);
        for (std::size_t s = 0; s < round.sites.size(); ++s) {
            PlacementRound alone = round;
            alone.sites = {round.sites[s]};
            const std::string owner = round.sites[s].shares[0].owner;
            std::erase_if(alone.workloads, [&owner](const Workload& w) { return w.owner != owner; });
            for (const PlannedWorkload& own : plan_of(alone).workloads) {
                if (own.claims.empty()) continue;
                CAPTURE(seed);
                CAPTURE(own.id);
                const PlannedWorkload& shared = planned(together, own.id);
                REQUIRE_FALSE(shared.claims.empty());
                CHECK(shared.claims[0].score_ms <= own.claims[0].score_ms);
                ++compared;
            }
        }
    }
    CHECK(compared > 100);
}

TEST_CASE("equal owners with equal work are served alike") {
    for (std::int64_t gpus = 4; gpus <= 40; gpus += 3) {
        PlacementRound round = two_sites();
        round.sites[0].partitions[0] = partition_for_test("h100", gpus);
        for (int i = 0; i < 12; ++i) {
            for (const char* owner : {"a", "b", "c"}) {
                Workload workload = workload_for_test(fmt::format("{}{:02}", owner, i), 2, 1);
                workload.owner = owner;
                workload.submitted_ms = test_now - (owner[0] == 'a' ? 100 : 1) * test_hour;
                workload.rates = {{"h100", 1000}};
                round.workloads.push_back(workload);
            }
        }
        std::map<char, std::int64_t> placed{{'a', 0}, {'b', 0}, {'c', 0}};
        for (const PlannedWorkload& workload : plan_of(round).workloads) {
            placed[workload.id[0]] += workload.claims.empty() ? 0 : 1;
        }
        CAPTURE(gpus);
        CHECK(placed['a'] + placed['b'] + placed['c'] == std::min<std::int64_t>(36, gpus / 2 + 2));
        for (const char owner : {'b', 'c'}) CHECK(std::abs(placed['a'] - placed[owner]) <= 1);
    }
}

TEST_CASE("a round that does not pass the check is refused") {
    PlacementRound round = two_sites();
    round.workloads = {workload_for_test("a", 0)};
    CHECK(plan_placement(round).error().code == Code::bad_input);
    CHECK(plan_of(PlacementRound{}).workloads.empty());
}

}  // namespace
}  // namespace euromesh::federation
