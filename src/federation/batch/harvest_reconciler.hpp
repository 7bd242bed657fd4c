// Keeps the links of a harvest as plan_harvest() wants them: starts and ends jobs of a batch system.
//
// Why stateless: the marker of a link says how long it was planned for, so whoever is started anew finds all
// that it needs in list(). step() is called about once a second; windows come from the site's scheduler.
//
// Thread rule: one thread; the batch system and the windows must outlive it. It does not: choose a policy,
// give links their work (they take it from the run's folder, or from a queue of their own).
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "federation/batch/batch_system.hpp"
#include "federation/batch/harvest.hpp"

namespace euromesh::federation {

struct HarvestTally {
    std::int64_t begun = 0;
    std::int64_t told_to_leave = 0;  // a gap closed earlier than known
    std::int64_t over = 0;
    std::int64_t taken = 0;    // of these: the scheduler took the allocation away
    std::int64_t node_ms = 0;  // that they ran
};

class HarvestReconciler {
  public:
    // `form`: what each link runs; its marker (at most 20 bytes, no '~') begins theirs, nodes and duration
    // are the plan's.
    HarvestReconciler(BatchSystem& batch, IdleWindows& windows, HarvestPolicy policy, JobStart form,
                      const Clock& clock)
        : batch_(batch), windows_(windows), policy_(policy), form_(std::move(form)), clock_(clock) {}

    // Looks, plans, starts and ends. An error of one step is no harm: the next one looks again.
    Status step();
    // All links are told to leave; step() is not called any more. The number that is not over yet.
    Result<std::size_t> wind_up();
    const HarvestTally& tally() const { return tally_; }

  private:
    Result<std::vector<HarvestLink>> links();
    Status count_and_forget(const BatchJob& job);
    Status begin(const HarvestStart& start, std::int64_t number);

    BatchSystem& batch_;
    IdleWindows& windows_;
    HarvestPolicy policy_;
    JobStart form_;
    const Clock& clock_;
    HarvestTally tally_{};
    std::vector<std::string> leaving_{};
};

// "NAME~h<when>-<number>-<duration>", milliseconds.
struct HarvestMarker {
    std::string name{};
    std::int64_t when_ms = 0, number = 0, duration_ms = 0;
};
std::string to_marker(const HarvestMarker& marker);
// False: not one of those.
bool parse_harvest_marker(std::string_view text, HarvestMarker& marker);

}  // namespace euromesh::federation
