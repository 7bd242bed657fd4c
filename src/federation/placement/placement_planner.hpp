// The plan of one round: which waiting workload gets which partition from when, and who goes on waiting.
//
// Pure and deterministic: the same round in any order of its lists gives the same plan, byte for byte.
// Classes are served in their order. Before that every owner of shares gets what its own shares alone would
// give its own work (emergencies excepted, which go first); from there the plan only improves on it. Within a
// class the waiting cost falls with the place in the fair-share queue, so that equal shares are served alike.
//
// A claim fits into the predicted capacity at every moment, budgets are never overdrawn, and a workload has
// one claim, or, when it asks for several sites, one per site. Any thread; no state is kept.
//
// It does not act, keep usage, or know rules. Nothing is preempted here: preemption.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "federation/placement/model.hpp"
#include "federation/placement/score.hpp"

namespace euromesh::federation {

struct PlannedClaim {
    std::string site{};
    std::string partition{};
    std::int64_t gpus = 0;      // taken: whole nodes when it needs more than one
    std::int64_t start_ms = 0;  // median
    std::int64_t start_p90_ms = 0;
    std::int64_t run_ms = 0;      // at this accelerator's rate
    std::int64_t hold_mgpuh = 0;  // gpus x run_ms, rounded up
    std::int64_t score_ms = 0;    // sum of the terms that explain_placement() lists
    bool operator==(const PlannedClaim&) const = default;
};

enum class WaitReason : std::uint8_t {
    no_site,   // every partition is ruled out: explain_placement() says by what
    no_room,   // what is left is taken by work that goes before it
    too_dear,  // every possible place costs more than waiting for the next round
};
std::string_view name_of(WaitReason reason);

struct PlannedWorkload {
    std::string id{};
    std::vector<PlannedClaim> claims{};  // by site id; empty: it waits
    WaitReason wait = WaitReason::no_room;
    bool operator==(const PlannedWorkload&) const = default;
};

// What the plan costs and what no plan can beat, in GPU-seconds of delay; class by class, each given what the
// classes before it took.
struct PlanQuality {
    std::int64_t cost_gpu_s = 0;
    std::int64_t bound_gpu_s = 0;
    bool proved = false;  // the cost is the least possible, by exhaustion
    // (cost - bound) / cost in millionths.
    std::int64_t gap_ppm() const {
        return cost_gpu_s > 0 ? static_cast<std::int64_t>(static_cast<double>(cost_gpu_s - bound_gpu_s) /
                                                          static_cast<double>(cost_gpu_s) * 1e6)
                              : 0;
    }
    bool operator==(const PlanQuality&) const = default;
};

struct PlacementPlan {
    std::vector<PlannedWorkload> workloads{};  // by id
    PlanQuality quality{};
    bool operator==(const PlacementPlan&) const = default;
};

// bad_input: as check(round).
Result<PlacementPlan> plan_placement(const PlacementRound& round);

// Why a workload may or may not run at each partition: one row for every partition of every site.
struct ExplanationRow {
    std::string site{};
    std::string partition{};
    std::optional<Filter> rejected_by{};
    std::string rule{};  // id of the rule, or what is missing in words; empty when nothing rejected it
    std::int64_t start_ms = 0;
    std::int64_t start_p90_ms = 0;
    std::int64_t run_ms = 0;
    std::vector<ScoreTerm> terms{};
    std::int64_t score_ms = 0;  // sum of terms[].cost_ms
    bool chosen = false;
};

// The table, by site and partition. With a plan the chosen rows show the planned start; the others, and all
// of them before the fact, the earliest one. not_found: no such workload in the round; bad_input: as
// check(round).
Result<std::vector<ExplanationRow>> explain_placement(const PlacementRound& round, std::string_view workload,
                                                      const PlannedWorkload* planned = nullptr);

// The same as JSON with keys in a fixed order, for the decision record: an array of rows.
Json to_json(const std::vector<ExplanationRow>& rows);

}  // namespace euromesh::federation
