// The one gate through which running work is taken its place.
//
// Why one: brokers that let every queue preempt on its own take the same job's places at several sites, or
// preempt for a job that then starts elsewhere. Here a call names at most one partition of one site for one
// workload, and who loses what for it; the caller records that and acts. Only emergencies and services may
// ask, only claims of a later class that are marked as preemptible may lose, none of a run that has already
// lost a site, and never for a workload over several sites.
//
// Pure and deterministic; no thread rule. It does not stop anything and does not repay the displaced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "federation/placement/model.hpp"
#include "federation/placement/placement_planner.hpp"

namespace euromesh::federation {

struct RunningClaim {
    std::string id{};
    std::string workload{};
    std::string site{};
    std::string partition{};
    WorkClass work_class = WorkClass::production;
    std::int64_t gpus = 0;      // taken
    std::int64_t saved_ms = 0;  // when its last checkpoint was written, or when it started
    std::int64_t end_ms = 0;    // when it is expected to end
    bool preemptible = false;
};

struct Preemption {
    std::string site{};
    std::string partition{};
    std::string workload{};             // for whom
    std::vector<std::string> claims{};  // whose place is taken, by id
    std::int64_t freed_gpus = 0;
    std::int64_t lost_gpu_ms = 0;  // work since the last checkpoints
    std::string why{};             // one line, for the record
    PlannedClaim claim{};          // what the workload gets there, from when the others have gone
};

// The partition where the least work is lost, among those where the workload may run and has room once claims
// of later classes have gone; ties by site and partition. Nothing: it may not ask, it has room without, or no
// partition would do. bad_input: as check(round); not_found: no such workload.
Result<std::optional<Preemption>> preemption_for(const PlacementRound& round, const std::string& workload,
                                                 const std::vector<RunningClaim>& running,
                                                 const std::vector<std::string>& already_preempted_workloads);

// The room that a claim takes is no longer free in the round: for asking at the gate after a plan was made.
// What is taken twice counts as nothing free.
void occupy(PlacementRound& round, const PlannedClaim& claim);

}  // namespace euromesh::federation
