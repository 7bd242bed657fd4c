// Local processes as a batch system: for one machine, for trying, and for tests of everything above it.
//
// Why it is safe to kill at any moment: what a job is lies in a journal (job_record.hpp), what runs it is a
// shepherd of its own (shepherd.hpp), and this object only reads the one and starts the other. A job's
// program runs at most once: only who holds the job's lock may start it, only if nobody has written that it
// ran, and only after that was written. A job that ran and whose shepherd is gone without a word (kill -9,
// power cut) is lost, and what is left of it is ended.
//
// Jobs run as the user of this process: mapping of users is the business of whoever starts it. At most
// `slots` jobs, and `gpus` devices, at once; the rest waits in order of submission, and starts when list() or
// submit() is called. The journal must lie on a local disk; it is locked, so that one agent uses it. Thread
// rule: one thread at a time; the process should have no child processes that others wait for.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/file_lock.hpp"
#include "federation/batch/batch_system.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {

struct LocalBatchOptions {
    os::Path root;                 // of the journal; made when it is not there; readable by this user only
    os::Path shepherd{};           // the program; empty: euromesh-shepherd beside this program
    std::int64_t slots = 1;        // jobs at once
    std::int64_t gpus = 0;         // devices 0 … gpus - 1
    std::int64_t grace_ms = 5000;  // between SIGTERM and SIGKILL
    std::uint64_t output_most_bytes = 64u << 20;       // of each stream of a job; more is dropped
    std::int64_t forgotten_days = 90;                  // so long a forgotten marker is not taken again
    std::map<std::string, std::string> environment{};  // of every job, besides local_environment()
};

// What every job sees of this machine: PATH, HOME, USER, LANG, TMPDIR; nothing else of this process.
std::map<std::string, std::string> local_environment();

class LocalBatch final : public BatchSystem {
  public:
    // conflict: another agent uses the journal; for a moment also after one was killed. bad_input: the
    // options. corrupted, refused: the journal.
    static Result<std::unique_ptr<LocalBatch>> open(const LocalBatchOptions& options, const Clock& clock);

    Result<BatchJob> submit(const JobStart& job) override;
    Result<std::vector<BatchJob>> list() override;
    Status cancel(const std::string& marker) override;
    Result<OutputPart> output(const std::string& marker, JobStream stream, std::uint64_t offset,
                              std::size_t most) override;
    Status forget(const std::string& marker) override;

  private:
    struct Entry {
        StartRecord start{};
        BatchJob job{};
        std::optional<PlacedRecord> placed{};
        std::array<std::uint64_t, 2> dropped_bytes{};
        int shepherd = 0;  // process id, of this life of the agent
        int attempts = 0;
    };
    LocalBatch(LocalBatchOptions options, const Clock& clock, os::FileLock lock)
        : options_(std::move(options)), clock_(clock), lock_(std::move(lock)), journal_{options_.root} {}

    Status read_journal();
    Status read_entry(const std::string& marker);
    Status sweep_forgotten();
    Status drop_files(const std::string& marker);
    Status check_room(const JobStart& job) const;
    Result<Entry*> find(const std::string& marker);
    Status look_at(Entry& entry);
    Status look_at_running(Entry& entry, bool guarded);
    Status look_at_queued(Entry& entry, bool guarded);
    Status end_by_agent(Entry& entry, EndRecord end);
    Status write_end(Entry& entry, EndRecord end);
    void take_end(Entry& entry, const EndRecord& end);
    void start_what_fits();
    Result<bool> start_if_it_fits(Entry& entry);
    bool waits_for_another(const Entry& entry) const;
    void reap(Entry& entry);
    std::optional<PlacedRecord> place(const Entry& entry) const;
    Status start_shepherd(Entry& entry);
    std::vector<Entry*> in_order();
    std::int64_t now_ms() const;

    LocalBatchOptions options_;
    const Clock& clock_;
    os::FileLock lock_;
    JobJournal journal_;
    std::map<std::string, Entry> entries_;
    std::vector<int> leaving_;  // shepherds of forgotten jobs, not yet waited for
    std::uint64_t next_order_ = 0;
};

}  // namespace euromesh::federation
