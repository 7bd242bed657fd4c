// What a batch system needs of Slurm, however it is asked: by its commands, or by its REST service.
//
// Why: which job is which, when it may be sent again and what its end means is decided once, in SlurmBatch;
// asking is the smaller part. Errors keep apart what matters for that: refused (Slurm read it and said no, in
// its own words), not_found (it knows no such job), unavailable (nobody can say whether it took effect).
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "federation/batch/batch_system.hpp"

namespace euromesh::federation {

enum class SlurmState {
    pending,
    active,      // running, suspended, being set up
    completing,  // over, but its processes and nodes are still being tidied up
    completed,
    failed,
    cancelled,
    timeout,
    preempted,
    node_fail,
    out_of_memory,
};

struct SlurmJob {
    std::string id;
    std::string name{};
    std::string folder{};  // where it was submitted to run
    SlurmState state = SlurmState::pending;
    std::string words{};            // Slurm's own: its state, and the reason if it gives one
    std::int64_t submitted_ms = 0;  // UTC; 0: not known
    std::int64_t started_ms = 0;    // of a pending one: the start that Slurm expects
    std::int64_t ended_ms = 0;
    std::optional<std::int64_t> exit_status{};  // 0 to 255
    std::int64_t exit_signal = 0;
    std::int64_t restarts = 0;  // how often it was queued again; told of one that is asked for by its number

    bool is_over() const { return state >= SlurmState::completed; }
};

struct SlurmSubmission {
    std::string marker;
    std::string folder;         // of the job; absolute, without '%'
    std::string script_path{};  // in it
    std::string script{};       // the text of that
    std::int64_t minutes = 1;
    std::int64_t warn_s = 0;  // SIGUSR1 to the script so many seconds before the limit; 0: none
    JobResources resources{};
    std::string partition{}, account{};
    std::string after_id{};  // starts only when that job has ended, and not well
};

class SlurmScheduler {
  public:
    virtual ~SlurmScheduler() = default;
    // The number of the job. unavailable: it may have been taken, or may be taken a moment later.
    virtual Result<std::string> submit(const SlurmSubmission& submission) = 0;
    // All of this user that Slurm still knows, also those that are over.
    virtual Result<std::vector<SlurmJob>> jobs() = 0;
    virtual Result<SlurmJob> job(const std::string& id) = 0;
    // One that is over is no error.
    virtual Status cancel(const std::string& id) = 0;
    // cancel() kills, without a chance to leave in order: a job that runs is to be asked otherwise first.
    virtual bool cancels_at_once() const { return false; }
};

// Slurm's name of a state (PENDING, "CANCELLED by 0", NODE_FAIL ...), upper case. Unknown ones: active, so
// that nothing is taken for over that is not.
SlurmState slurm_state(std::string_view name);

// Longest texts that are believed: of one answer, of a name in it.
inline constexpr std::size_t slurm_answer_most_bytes = 64u << 20;

}  // namespace euromesh::federation
