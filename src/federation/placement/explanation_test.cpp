#include "federation/placement/explanation.hpp"

#include <doctest/doctest.h>

#include <map>

#include "federation/placement/rounds_for_test.hpp"

namespace euromesh::federation {
namespace {

const ExplanationRow& row(const std::vector<ExplanationRow>& rows, std::string_view site,
                          std::string_view partition) {
    for (const ExplanationRow& candidate : rows) {
        if (candidate.site == site && candidate.partition == partition) return candidate;
    }
    FAIL("no such row");
    return rows.front();
}

// What stands between a workload and alpha's H100, by a change of the round.
std::pair<std::string, std::string> rejection(void (*change)(PlacementRound&)) {
    PlacementRound round = two_sites();
    round.workloads = {workload_for_test("w", 4)};
    change(round);
    const auto rows = explain_placement(round, "w");
    REQUIRE(rows.has_value());
    const ExplanationRow& alpha = row(*rows, "alpha", "h100");
    if (!alpha.rejected_by) return {"", alpha.rule};
    CHECK(alpha.terms.empty());
    return {std::string(name_of(*alpha.rejected_by)), alpha.rule};
}

using Said = std::pair<std::string, std::string>;

TEST_CASE("what ruled a partition out is told, with the id of the rule") {
    CHECK(rejection([](PlacementRound&) {}) == Said{"", ""});
    CHECK(rejection([](PlacementRound& r) {
              r.law[0].verdicts[0] = {"alpha", false, Filter::residency, "data-in-eu"};
          }) == Said{"residency", "data-in-eu"});
    CHECK(rejection([](PlacementRound& r) { r.law.clear(); }) == Said{"law", "no verdict"});
    CHECK(rejection([](PlacementRound& r) {
              r.workloads[0].budget = "b";
              r.budgets = {{"b", 3999}};
          }) == Said{"allocation", "budget 'b' has 3999 milli-GPU-hours left of 4000"});
    CHECK(rejection([](PlacementRound& r) {
              r.workloads[0].budget = "b";
              r.budgets = {{"b", 4000}};
          }) == Said{"", ""});
    CHECK(rejection([](PlacementRound& r) {
              r.workloads[0].rates = {{"mi250", 1}};
          }) == Said{"hardware", "no measured rate on 'h100'"});
    CHECK(rejection([](PlacementRound& r) { r.workloads[0].gpus = 9; }) == Said{"hardware", "8 GPUs of 9"});
    CHECK(rejection([](PlacementRound& r) { r.workloads[0].memory_per_gpu_mib = 65537; }) ==
          Said{"memory", "65536 MiB a GPU of 65537"});
    CHECK(rejection([](PlacementRound& r) { r.workloads[0].container = "oci"; }) ==
          Said{"container", "does not run 'oci' images"});
    CHECK(rejection([](PlacementRound& r) { r.sites[0].partitions[0].longest_ms = 5; }) ==
          Said{"duration", "at most 5 ms of 3600000"});
    CHECK(rejection([](PlacementRound& r) {
              r.policy.starts_per_partition = 1;
              r.sites[0].partitions[0].maintenance = {{test_now + 5, placement_most_ms}};
          }).first == "maintenance");
    CHECK(rejection([](PlacementRound& r) { r.workloads[0].preferred_sites = {"beta"}; }) ==
          Said{"preference", "not among the preferred sites"});
    CHECK(rejection([](PlacementRound& r) {
              r.sites[0].partitions[0].capacity = {{0, 3}};
          }) == Said{"", "no room for 4 GPUs in what is predicted to be free"});
}

TEST_CASE("terms add up to the score that was planned, in every row of random rounds") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        PlacementRound round = RandomRounds(seed, {.shares = true, .classes = true, .several = true}).make();
        round.use = {{"site0", "owner1", 700}, {"site0", "owner0", 300}};
        const auto plan = plan_placement(round);
        REQUIRE(plan.has_value());
        const PlacementExplainer explainer(round);
        for (const PlannedWorkload& planned : plan->workloads) {
            const auto rows = explainer.explain(planned.id, &planned);
            REQUIRE(rows.has_value());
            CHECK(rows->size() == 8);
            std::map<std::pair<std::string, std::string>, const PlannedClaim*> claims;
            for (const PlannedClaim& claim : planned.claims) claims[{claim.site, claim.partition}] = &claim;
            for (const ExplanationRow& entry : *rows) {
                std::int64_t sum = 0;
                for (const ScoreTerm& term : entry.terms) {
                    sum += term.cost_ms;
                    CHECK(term.cost_ms == scaled(term.value, term.weight_micro, 1'000'000, score_most_ms));
                }
                CHECK(entry.score_ms == sum);
                const auto claim = claims.find({entry.site, entry.partition});
                CHECK(entry.chosen == (claim != claims.end()));
                if (claim == claims.end()) continue;
                CHECK(entry.score_ms == claim->second->score_ms);
                CHECK(entry.start_p90_ms == claim->second->start_p90_ms);
            }
        }
    }
}

TEST_CASE("before the fact the table shows the earliest start, and its JSON is stable") {
    PlacementRound round = two_sites();
    round.workloads = {workload_for_test("w", 4)};
    round.law[0].verdicts[1] = {"beta", false, Filter::law, "civilian"};
    round.sites[0].partitions.pop_back();
    round.sites[0].partitions[0].capacity = {{0, 0}, {test_now + test_hour, 8}};
    const auto rows = explain_placement(round, "w");
    REQUIRE(rows.has_value());
    CHECK(row(*rows, "alpha", "h100").start_ms == test_now + test_hour);
    const std::string json = to_json(*rows).dump();
    CHECK(
        json.rfind(
            R"([{"site":"alpha","partition":"h100","start_ms":3603600000,"start_p90_ms":3603600000,"run_ms":3600000,)"
            R"("terms":[{"term":"start","value":3600000,"weight_micro":1000000,"cost_ms":3600000},)",
            0) == 0);
    CHECK(json.find(R"({"site":"beta","partition":"h100","rejected_by":"law","rule":"civilian"}])") !=
          std::string::npos);
    CHECK(explain_placement(round, "x").error().code == Code::not_found);
}

}  // namespace
}  // namespace euromesh::federation
