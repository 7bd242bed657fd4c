// A partition of Slurm as forecasts and harvest see it: who runs, who waits, which nodes stand idle until
// when.
//
// Why apart from SlurmBatch: that looks at the jobs of one's own; these look at everybody's, as far as the
// centre shows them (PrivateData=jobs hides them: then a forecast rests on its past errors, and windows have
// no end). Two commands a look: squeue with all jobs in order of priority, sinfo with the nodes by state.
//
// What is read may be anything: lines that are not as they must be are left out, lists of hosts are bounded.
// Thread rule: one thread at a time. It counts whole nodes: jobs that share one are each counted with it. It
// does not: see jobs of other partitions that wait for the same nodes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "federation/batch/harvest.hpp"
#include "federation/batch/queue_walk.hpp"
#include "federation/batch/slurm_commands.hpp"

namespace euromesh::federation {

struct SlurmQueueJob {
    std::string id{};
    std::string name{};
    std::string partition{};
    SlurmState state = SlurmState::pending;
    std::int64_t nodes = 1;
    std::int64_t submitted_ms = 0;
    std::int64_t started_ms = 0;  // of one that waits: the start that Slurm expects; 0: it does not say
    std::int64_t ended_ms = 0;    // of one that runs: by its limit
    std::int64_t limit_ms = 0;
    std::string planned_nodes{};  // of one that waits: a list of hosts
    std::string used_nodes{};
    bool is_held = false;  // waits for something else than its turn
};

struct SlurmNodes {
    std::string partition{};
    std::string state{};  // as sinfo writes it: idle, allocated, mixed, down*, ...
    std::int64_t count = 0;
    std::string names{};  // a list of hosts
};

// Everything that one look tells.
struct SlurmQueue {
    std::vector<SlurmQueueJob> jobs{};  // those that wait are in the scheduler's order, also over partitions
    std::vector<SlurmNodes> nodes{};
};

struct SlurmQueueOptions {
    std::string partition{};    // the one that is asked about
    std::string preemptible{};  // partition of harvest jobs on the same nodes; empty: none
};

// Of all partitions that are named. with_ended: also jobs that are over, as long as Slurm keeps them.
Result<SlurmQueue> read_slurm_queue(const SlurmCommands& commands, const std::vector<std::string>& partitions,
                                    bool with_ended = false);

// Harvest jobs count as idle nodes: they give way.
QueuePicture picture_of(const SlurmQueue& queue, const SlurmQueueOptions& options, std::int64_t now_ms);
// Whom picture.waiting is about, in its order.
std::vector<SlurmQueueJob> waiting_jobs(const SlurmQueue& queue, const SlurmQueueOptions& options);
// `own`: those of this side's harvest jobs that run. Idle until the first waiting job that Slurm has planned
// on that node.
Result<std::vector<IdleWindow>> windows_of(const SlurmQueue& queue, const SlurmQueueOptions& options,
                                           const std::vector<std::string>& own);

class SlurmIdleWindows final : public IdleWindows {
  public:
    SlurmIdleWindows(const SlurmCommands& commands, SlurmQueueOptions options)
        : commands_(commands), options_(std::move(options)) {}
    Result<std::vector<IdleWindow>> idle_windows() override;

  private:
    const SlurmCommands& commands_;
    SlurmQueueOptions options_;
};

std::vector<SlurmQueueJob> parse_slurm_queue(std::string_view text);
std::vector<SlurmNodes> parse_slurm_nodes(std::string_view text);
// "1-02:03:04", "02:03:04", "03:04", "5" (minutes), UNLIMITED: limit_most_ms; 0: none of these.
std::int64_t slurm_duration_ms(std::string_view text);
// "n[1-3,07],login" -> n1 n2 n3 n07 login. bad_input: not such a list, or over host_names_most.
inline constexpr std::size_t host_names_most = 200'000;
Result<std::vector<std::string>> expand_hosts(std::string_view list);

}  // namespace euromesh::federation
