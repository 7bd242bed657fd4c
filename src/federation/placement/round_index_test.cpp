#include "federation/placement/round_index.hpp"

#include <doctest/doctest.h>

#include "federation/placement/rounds_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("sites, partitions and workloads are by id, resources are slots and then budgets") {
    PlacementRound round = two_sites();
    std::swap(round.sites[0], round.sites[1]);
    round.sites[1].partitions[0].capacity = {{0, 2}, {test_now + 1, 8}};
    round.budgets = {{"z", 9}, {"a", 7}};
    round.workloads = {workload_for_test("w2", 1), workload_for_test("w1", 1)};
    const RoundIndex index(round);
    CHECK(index.sites()[0]->id == "alpha");
    CHECK(index.workloads()[0]->id == "w1");
    CHECK(index.partitions()[1].partition->id == "mi250");
    CHECK(index.capacity() == std::vector<std::int64_t>{2, 8, 16, 4, 7, 9});
    CHECK(index.partitions()[2].first_resource == 3);
    round.workloads[0].budget = "z";
    CHECK(index.budget_of(round.workloads[0]) == 5);
    round.workloads[0].budget = "none";
    CHECK_FALSE(index.budget_of(round.workloads[0]).has_value());
    CHECK(index.judge(index.facts_of(round.workloads[0]), index.partitions()[0]).rejected ==
          Filter::allocation);
}

TEST_CASE("more than a node takes whole nodes, and the hold is rounded up") {
    PlacementRound round = two_sites();
    round.sites[0].partitions[0].gpus_per_node = 4;
    Workload workload = workload_for_test("w", 5);
    workload.duration_ms = 1;
    round.workloads = {workload};
    const RoundIndex index(round);
    const Judgement judgement = index.judge(index.facts_of(round.workloads[0]), index.partitions()[0]);
    CHECK_FALSE(judgement.rejected.has_value());
    CHECK(judgement.gpus == 8);
    CHECK(judgement.hold_mgpuh == 1);
    round.workloads[0].gpus = 3;
    CHECK(index.judge(index.facts_of(round.workloads[0]), index.partitions()[0]).gpus == 3);
    round.workloads[0].gpus = 9;
    CHECK(index.judge(index.facts_of(round.workloads[0]), index.partitions()[0]).rejected ==
          Filter::hardware);
}

TEST_CASE("data are moved over the slower of both links, those from outside over the site's") {
    PlacementRound round = two_sites();
    round.sites[0].wan_bytes_per_ms = 100;
    round.sites[1].wan_bytes_per_ms = 10;
    round.workloads = {workload_for_test("w", 1)};
    round.workloads[0].data = {{"d", "alpha", 1000}, {"e", "archive", 5000}};
    const RoundIndex index(round);
    const WorkloadFacts facts = index.facts_of(round.workloads[0]);
    CHECK(facts.sites[0].transfer_ms == 50);
    CHECK(facts.sites[1].transfer_ms == 100 + 500);
}

TEST_CASE("said twice, the stricter verdict and the lower rate count; preferences keep their first place") {
    PlacementRound round = two_sites();
    round.law[0].verdicts.push_back({"alpha", false, Filter::eligibility, "tier"});
    round.workloads = {workload_for_test("w", 1)};
    round.workloads[0].rates = {{"h100", 900}, {"h100", 700}};
    round.workloads[0].preferred_sites = {"nowhere", "beta", "alpha", "beta"};
    const RoundIndex index(round);
    const WorkloadFacts facts = index.facts_of(round.workloads[0]);
    CHECK(index.judge(facts, index.partitions()[0]).rejected == Filter::eligibility);
    CHECK(facts.rate_by_kind[index.partitions()[2].kind] == 700);
    CHECK(facts.sites[1].preference_rank == 1);
    CHECK(facts.sites[0].preference_rank == 2);
}

TEST_CASE("a start is clear only if its whole band is") {
    PlacementRound round = two_sites();
    PlacementPartition& partition = round.sites[0].partitions[0];
    partition.queue = {.median_ms = 0, .p90_ms = 2 * test_hour};
    partition.maintenance = {{test_now + 3 * test_hour, test_now + 4 * test_hour}};
    const RoundIndex index(round);
    CHECK(index.clear(index.partitions()[0], 0, test_hour));
    CHECK_FALSE(index.clear(index.partitions()[0], 0, test_hour + 1));
    CHECK(index.clear(index.partitions()[0], 1, 40 * test_hour));
    CHECK(index.start_ms(index.partitions()[0], 1) == test_now + 4 * test_hour);
}

}  // namespace
}  // namespace euromesh::federation
