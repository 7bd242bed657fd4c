// Slurm as a batch system.
//
// Why it is safe to kill at any moment: that a job is to exist is written first, in a folder of its own on
// the shared file system (slurm_script.hpp names its files); then Slurm is asked; and whatever became of the
// answer, what is in that folder runs at most once, because a run counts only if it makes a folder there. So
// a request whose answer was lost is looked for by its folder, sent again if Slurm knows nothing of it, and a
// second job that turns up all the same is cancelled, or does nothing.
//
// How a job ended is known from the record of its script, and from Slurm; the first needs no accounting, and
// Slurm need not answer. Jobs run as the user of this process: the agent is started as the mapped user, and
// nothing here changes a user or needs a right beyond a user's. Limits are kept by the script to the
// millisecond, and by Slurm in whole minutes, rounded up. Several processes (nodes) are started by srun.
// Output is not bounded: it lies in the user's own quota. Thread rule: one thread at a time.
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
#include "federation/batch/slurm_end.hpp"
#include "federation/batch/slurm_scheduler.hpp"

namespace euromesh::federation {

struct SlurmBatchOptions {
    os::Path root;                 // on the file system that compute nodes share; without '%'
    std::int64_t grace_ms = 5000;  // between SIGTERM and SIGKILL at a job's limit
    std::int64_t look_ms = 1000;   // Slurm is asked for its jobs at most so often
    std::int64_t again_ms = 5000;  // what it did not answer is asked again after so long
    std::int64_t forgotten_days = 90;
    std::map<std::string, std::string> environment{};  // of every job
};

class SlurmBatch final : public BatchSystem {
  public:
    // conflict: another agent uses the folder. bad_input: the options. corrupted, refused: the folder.
    static Result<std::unique_ptr<SlurmBatch>> open(const SlurmBatchOptions& options,
                                                    std::unique_ptr<SlurmScheduler> scheduler,
                                                    const Clock& clock);

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
        std::string id{};  // Slurm's; empty: not known
        bool cancel_asked = false;
        std::int64_t next_try_ms = 0;  // of what Slurm did not answer
    };
    SlurmBatch(SlurmBatchOptions options, std::unique_ptr<SlurmScheduler> scheduler, const Clock& clock,
               os::FileLock lock)
        : options_(std::move(options)),
          scheduler_(std::move(scheduler)),
          clock_(clock),
          lock_(std::move(lock)) {}

    os::Path folder(const std::string& marker) const { return options_.root / "jobs" / marker; }
    os::Path forgotten(const std::string& marker) const {
        return options_.root / "forgotten" / (marker + ".json");
    }
    Status read_folders();
    Status read_entry(const std::string& marker);
    Status sweep_forgotten();
    Result<Entry*> find(const std::string& marker);
    Result<Entry> write_job(const JobStart& job);
    SlurmSubmission submission_of(const Entry& entry) const;
    Status send(Entry& entry);
    Status take_id(Entry& entry, const std::string& id);
    void ask_for_jobs();
    Status look_at(Entry& entry);
    SlurmEvidence evidence_of(Entry& entry);
    std::optional<SlurmJob> slurm_job_of(Entry& entry, const std::optional<SlurmBegan>& began);
    void ask_to_cancel(Entry& entry);
    void end_what_is_double(const Entry& entry);
    bool close_the_door(const Entry& entry) const;
    Status drive(Entry& entry);
    Status settle(Entry& entry, BatchJob job);
    std::vector<Entry*> in_order();
    std::int64_t now_ms() const;

    SlurmBatchOptions options_;
    std::unique_ptr<SlurmScheduler> scheduler_;
    const Clock& clock_;
    os::FileLock lock_;
    std::map<std::string, Entry> entries_;
    std::uint64_t next_order_ = 0;
    // Of the last look.
    bool slurm_answers_ = false;
    std::string silence_{};
    std::multimap<std::string, SlurmJob> seen_{};  // by folder
    std::optional<Nanoseconds> looked_{};
};

}  // namespace euromesh::federation
