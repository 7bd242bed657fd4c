// What a site agent needs of whatever runs jobs at its centre: local processes here, Slurm next.
//
// Why so narrow: the site's scheduler stays the scheduler of record. A job is known by its marker (the id of
// the claim), which the batch system keeps with the job; so that after any crash the agent asks what is there
// and goes on, and never needs to remember what it had done. Field names and states follow PSI/J.
//
// Thread rule: a batch system belongs to one thread at a time.
// Invariants, which batch_conformance_for_test.hpp holds every implementation to: one marker, at most one
// job, however often and from however many lives of the agent it is submitted; a job that list() has once
// shown is shown until forget(); states only go forward (queued, running, then one of the last three, for
// good). It does not: decide what may run where, know accounts or money, keep secrets of the agent where jobs
// see them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::federation {

struct JobResources {
    std::int64_t nodes = 1;
    std::int64_t processes = 1;  // on each node
    std::int64_t gpus = 0;       // on each node
    bool operator==(const JobResources&) const = default;
};

struct JobStart {
    std::string marker;      // 1 to 64 of A-Z a-z 0-9 . _ ~ -, not beginning with a dot or '~'
    std::string executable;  // a path, or a name that is searched in PATH at the site
    std::vector<std::string> arguments{};
    std::map<std::string, std::string> environment{};  // added to the site's small fixed set
    std::string directory{};                           // absolute; empty: one of the job's own
    std::string stdout_path{}, stderr_path{};          // absolute; empty: kept by the batch system
    std::int64_t duration_ms = 0;                      // the job is ended after so long; mandatory
    JobResources resources{};
    std::string queue{};    // partition of the site's scheduler; empty: its usual one
    std::string account{};  // whom the site's scheduler charges; empty: its usual one
    // The job gets SIGTERM so long before its limit, once, to leave in order; 0: none. A scheduler with a
    // coarse clock may send it earlier. An exit of its own after it is EndCause::exit.
    std::int64_t warn_ms = 0;
    // Names without folders -> texts; written into the job's directory, for this user only, before it starts.
    std::map<std::string, std::string> files{};
    // Its program goes on where it stopped when it is started again: after exit 75 (EX_TEMPFAIL), a time
    // limit, or an allocation that was taken away. Only for who chains allocations; a plain system starts
    // nothing twice.
    bool resumes = false;
    // It starts only when the job of this marker is over and was no success (exit 0): after a success it
    // waits until it is cancelled, for a program that is done needs no other allocation, also while no agent
    // lives. Empty, or not there: at once. Slurm: afternotok.
    std::string after_marker{};
    bool operator==(const JobStart&) const = default;
};

enum class BatchState {
    queued,
    running,
    ended,      // by itself, or by a limit: BatchJob::cause
    cancelled,  // by cancel()
    lost,       // it had been started, and nobody can say how it ended (reboot, its guard was killed)
};

enum class EndCause {
    none,         // it has not ended, or is lost
    exit,         // exit_status is its own
    signal,       // exit_status is 128 + signal
    time_limit,   // it ran into duration_ms
    not_started,  // no such program, no such directory: `message` says
    cancelled,
    interrupted,  // the scheduler took the allocation away: preemption, a node that failed, an operator
};

// Integers, so that sums stay exact. Known when the job has ended; zero before.
struct BatchUsage {
    std::int64_t wall_ms = 0;
    std::int64_t cpu_ms = 0;  // of all its processes
    std::int64_t gpus = 0;    // held for wall_ms
    bool operator==(const BatchUsage&) const = default;
};

struct BatchJob {
    std::string marker;
    std::string native_id;  // the scheduler's own number, for people
    BatchState state = BatchState::queued;
    EndCause cause = EndCause::none;
    std::optional<std::int64_t> exit_status{};  // 0 to 255
    std::string message{};                      // the site's own words, at most 500 bytes, printable
    std::int64_t submitted_ms = 0;              // UTC; 0: not yet, or not known
    std::int64_t started_ms = 0;
    std::int64_t ended_ms = 0;
    BatchUsage usage{};
    std::vector<BatchJob> allocations{};  // of a chain: those that were asked for, in order

    bool is_over() const { return state != BatchState::queued && state != BatchState::running; }
    bool operator==(const BatchJob&) const = default;
};

enum class JobStream { out, error };

struct OutputPart {
    std::string bytes{};
    std::uint64_t size = 0;     // of the whole stream so far
    std::uint64_t dropped = 0;  // bytes that the job wrote beyond the site's limit, known when it has ended
};

class BatchSystem {
  public:
    virtual ~BatchSystem() = default;

    // Durable when it returns. A marker that is there already: that job, and nothing else happens. bad_input:
    // says what to correct; conflict: that marker was forgotten, or belongs to another job; refused: the
    // site's scheduler will not, in its own words; unavailable, no_space: try again with the same marker.
    virtual Result<BatchJob> submit(const JobStart& job) = 0;

    // All jobs submitted by this agent in any of its lives and not forgotten, in order of submission. Calling
    // it now and then (about once a second) is what drives a system that has no daemon of its own.
    virtual Result<std::vector<BatchJob>> list() = 0;

    // Asks the job to end (SIGTERM), then ends it (SIGKILL) after the site's grace; one that waits never
    // starts. Returns before it has ended. A job that is over stays as it is. not_found: no such marker.
    virtual Status cancel(const std::string& marker) = 0;

    // not_found: no such marker. Nothing written yet is an empty part.
    virtual Result<OutputPart> output(const std::string& marker, JobStream stream, std::uint64_t offset,
                                      std::size_t most) = 0;

    // Drops a job that is over, with its output; its marker is not taken again. conflict: it is not over.
    // One that is not there is no error.
    virtual Status forget(const std::string& marker) = 0;
};

inline constexpr std::size_t job_text_most_bytes = 256u << 10;   // all texts of a JobStart together
inline constexpr std::size_t job_files_most_bytes = 256u << 10;  // all files of a JobStart, with their names
inline constexpr std::int64_t job_duration_most_ms = 366LL * 24 * 3600 * 1000;
// What a program says by its exit status: go on with me in another allocation (EX_TEMPFAIL).
inline constexpr std::int64_t exit_go_on = 75;

std::string_view name_of(BatchState state);
std::string_view name_of(EndCause cause);
bool is_marker(std::string_view text);
// bad_input: names the field, and what would be right.
Status check(const JobStart& job);

}  // namespace euromesh::federation
