#include "federation/placement/preemption.hpp"

#include <doctest/doctest.h>

#include "federation/placement/rounds_for_test.hpp"

namespace euromesh::federation {
namespace {

// Both sites full of others' work.
struct Full {
    Full() {
        round = two_sites();
        for (PlacementSite& site : round.sites) {
            for (PlacementPartition& partition : site.partitions) partition.capacity = {{0, 0}};
        }
        Workload urgent = workload_for_test("urgent", 4);
        urgent.rates = {{"h100", 1000}};
        urgent.work_class = WorkClass::emergency;
        round.workloads = {urgent};
    }
    void runs(std::string id, std::string site, WorkClass work_class, std::int64_t gpus,
              std::int64_t hours_since_saved) {
        running.push_back({.id = id,
                           .workload = id + "-job",
                           .site = std::move(site),
                           .partition = "h100",
                           .work_class = work_class,
                           .gpus = gpus,
                           .saved_ms = test_now - hours_since_saved * test_hour,
                           .end_ms = test_now + 40 * test_hour,
                           .preemptible = true});
    }
    std::optional<Preemption> ask() const {
        const auto answer = preemption_for(round, "urgent", running, already);
        REQUIRE(answer.has_value());
        return *answer;
    }
    PlacementRound round{};
    std::vector<RunningClaim> running{};
    std::vector<std::string> already{};
};

TEST_CASE("the least work is lost, at one site") {
    Full full;
    full.runs("a", "alpha", WorkClass::production, 4, 10);
    full.runs("b", "beta", WorkClass::production, 4, 2);
    const auto preemption = full.ask();
    REQUIRE(preemption.has_value());
    CHECK(preemption->site == "beta");
    CHECK(preemption->claims == std::vector<std::string>{"b"});
    CHECK(preemption->freed_gpus == 4);
    CHECK(preemption->lost_gpu_ms == 8 * test_hour);
    CHECK(preemption->why.find("emergency work 'urgent' needs 4 GPUs, 0 are free at beta/h100") == 0);
}

TEST_CASE("what the workload gets is what the plan would have given it on a free partition") {
    Full full;
    full.runs("b", "beta", WorkClass::production, 4, 2);
    const PlannedClaim claim = full.ask()->claim;
    for (PlacementPartition& partition : full.round.sites[1].partitions) partition.capacity = {{0, 4}};
    const auto plan = plan_placement(full.round);
    REQUIRE(plan);
    REQUIRE(plan->workloads.at(0).claims.size() == 1);
    CHECK(claim == plan->workloads[0].claims[0]);
}

TEST_CASE("room that was given away is free again when its claim has ended") {
    PlacementRound round = two_sites();
    const PlannedClaim claim{"alpha", "h100", 6, test_now, test_now, test_hour, 0, 0};
    const auto free_at = [&](std::int64_t moment) {
        std::int64_t free = 0;
        for (const CapacityStep& step : round.sites[0].partitions[0].capacity)
            if (step.from_ms <= moment) free = step.gpus_free;
        return free;
    };
    occupy(round, claim);
    CHECK(check(round));
    CHECK(free_at(test_now - 1) == 8);
    CHECK(free_at(test_now) == 2);
    CHECK(free_at(test_now + test_hour - 1) == 2);
    CHECK(free_at(test_now + test_hour) == 8);
    occupy(round, claim);
    CHECK(free_at(test_now) == 0);
    CHECK(round.sites[0].partitions[1].capacity.size() == 1);
}

TEST_CASE("the last classes lose first, and nobody whose place is not needed") {
    Full full;
    full.runs("p", "alpha", WorkClass::production, 4, 1);
    full.runs("s", "alpha", WorkClass::scavenger, 4, 9);
    CHECK(full.ask()->claims == std::vector<std::string>{"s"});
    full.runs("t", "alpha", WorkClass::scavenger, 2, 8);
    CHECK(full.ask()->claims == std::vector<std::string>{"s"});
}

TEST_CASE("who may not lose does not") {
    Full full;
    full.runs("a", "alpha", WorkClass::production, 4, 10);
    full.running[0].preemptible = false;
    CHECK_FALSE(full.ask().has_value());
    full.running[0].preemptible = true;
    CHECK(full.ask().has_value());
    full.already = {"a-job"};
    CHECK_FALSE(full.ask().has_value());
    full.already.clear();
    full.running[0].work_class = WorkClass::emergency;
    CHECK_FALSE(full.ask().has_value());
    full.running[0].work_class = WorkClass::production;
    full.running[0].gpus = 3;
    CHECK_FALSE(full.ask().has_value());
}

TEST_CASE("who may not ask gets nothing, and who has room needs nothing") {
    Full full;
    full.runs("a", "alpha", WorkClass::scavenger, 4, 10);
    full.round.workloads[0].work_class = WorkClass::production;
    CHECK_FALSE(full.ask().has_value());
    full.round.workloads[0].work_class = WorkClass::service;
    CHECK(full.ask().has_value());
    full.round.workloads[0].multi = {.sites = 2, .quorum = 1};
    CHECK_FALSE(full.ask().has_value());
    full.round.workloads[0].multi = {};
    full.round.sites[1].partitions[0].capacity = {{0, 4}};
    CHECK_FALSE(full.ask().has_value());
    CHECK(preemption_for(full.round, "x", {}, {}).error().code == Code::not_found);
}

TEST_CASE("the law and the hardware hold at the gate, too") {
    Full full;
    full.runs("a", "alpha", WorkClass::scavenger, 4, 1);
    full.runs("b", "beta", WorkClass::scavenger, 4, 30);
    full.round.law[0].verdicts[0].allowed = false;
    CHECK(full.ask()->site == "beta");
    full.round.workloads[0].memory_per_gpu_mib = 1 << 20;
    CHECK_FALSE(full.ask().has_value());
}

// A reservation takes the GPUs back half an hour from now: ending the claim does not help.
TEST_CASE("a claim that ends before the room is needed frees nothing more") {
    Full full;
    full.runs("a", "alpha", WorkClass::scavenger, 4, 1);
    full.running[0].end_ms = test_now + test_hour / 2;
    full.round.sites[0].partitions[0].capacity = {{0, 0}, {test_now + test_hour / 2, 0}};
    CHECK_FALSE(full.ask().has_value());
    full.round.sites[0].partitions[0].capacity = {{0, 0}, {test_now + test_hour / 2, 4}};
    CHECK(full.ask().has_value());
}

}  // namespace
}  // namespace euromesh::federation
