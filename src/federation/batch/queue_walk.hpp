// A queue played on: when one of its jobs starts, if running times are as assumed.
//
// The scheduler of the walk counts nodes and does what backfilling ones do: at each end of a job it plans all
// waiting jobs in their order by their limits, each as early as the ones before it allow (conservative
// backfilling, Mu'alem and Feitelson 2001), and starts those whose time is now. Ends come earlier than
// limits, so the plan is made anew each time. This is also what Slurm's sched/backfill does, between its
// passes.
//
// Pure, integers, milliseconds UTC. Plain values: no thread rule. It does not know: which nodes, features,
// other partitions on the same nodes, reservations, jobs that are still to come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace euromesh::federation {

inline constexpr std::int64_t starts_never = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t limit_most_ms = 366LL * 24 * 3'600'000;  // longer ones, and none, count as this

struct RunningJob {
    std::int64_t nodes = 1;
    std::int64_t started_ms = 0;
    std::int64_t ends_ms = 0;  // by its limit
    bool operator==(const RunningJob&) const = default;
};

struct WaitingJob {
    std::int64_t nodes = 1;
    std::int64_t limit_ms = 0;
    std::int64_t expected_ms = 0;  // the start that the scheduler itself expects; 0: it does not say
    bool operator==(const WaitingJob&) const = default;
};

// One partition at a moment.
struct QueuePicture {
    std::int64_t now_ms = 0;
    std::int64_t nodes = 0;  // that can run jobs
    std::vector<RunningJob> running{};
    std::vector<WaitingJob> waiting{};  // in the scheduler's order; none that is held back for another reason
};

// Free nodes over time, from a moment on.
class FreeProfile {
  public:
    FreeProfile(std::int64_t now_ms, std::int64_t free);
    // So many more from then on.
    void release(std::int64_t at_ms, std::int64_t nodes);
    // The first moment from which on `nodes` are free for so long; starts_never: there is none.
    std::int64_t earliest(std::int64_t nodes, std::int64_t length_ms) const;
    void take(std::int64_t from_ms, std::int64_t until_ms, std::int64_t nodes);

  private:
    struct Step {
        std::int64_t at_ms, free;
    };
    std::size_t cut(std::int64_t at_ms);
    std::vector<Step> steps_;
};

// How long each job will really run: of running ones what is left from now on.
struct AssumedTimes {
    std::vector<std::int64_t> running_ms{};
    std::vector<std::int64_t> waiting_ms{};
};

// As many assumed times as jobs; each at least 1 ms. Jobs behind the first `planned_most` waiting ones are
// not looked at (as by bf_max_job_test). starts_never: more nodes than there are, or too far back.
inline constexpr std::size_t planned_most = 500;
std::int64_t walk_to_start(const QueuePicture& picture, const AssumedTimes& times, std::size_t index);

// All run to their limits: what a scheduler's own plan says.
AssumedTimes limits_of(const QueuePicture& picture);

}  // namespace euromesh::federation
