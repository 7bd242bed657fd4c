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

#include "base/result.hpp"
#include "federation/placement/model.hpp"

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
    bool proved = false;           // the cost is the least possible, by exhaustion
    std::int64_t gap_ppm() const;  // (cost - bound) / cost in millionths, rounded up
    bool operator==(const PlanQuality&) const = default;
};

struct PlacementPlan {
    std::vector<PlannedWorkload> workloads{};  // by id
    PlanQuality quality{};
    bool operator==(const PlacementPlan&) const = default;
};

// bad_input: as check(round).
Result<PlacementPlan> plan_placement(const PlacementRound& round);

}  // namespace euromesh::federation
