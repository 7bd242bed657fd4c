// Slurm asked by its own commands: sbatch, squeue, scontrol, sacct, scancel.
//
// Why these: they are at every centre, for every user, without a token. Arguments go as an array, never
// through a shell; each command has a time limit, and what it says a bound. They run as the user of this
// process, with a small environment (no variable that changes what they do, times in UTC), and so do the
// jobs: nothing here changes a user. Thread rule: one thread at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "federation/batch/slurm_scheduler.hpp"

namespace euromesh::federation {

struct SlurmCommandsOptions {
    std::map<std::string, std::string> environment{};  // of the commands: SLURM_CONF, if it is not the usual
    std::vector<std::string> submit_options{};     // of the site, for every job: "--qos=normal", "--mem=0"
    Nanoseconds limit = std::chrono::seconds(30);  // of each command
};

class SlurmCommands final : public SlurmScheduler {
  public:
    explicit SlurmCommands(SlurmCommandsOptions options);
    Result<std::string> submit(const SlurmSubmission& submission) override;
    Result<std::vector<SlurmJob>> jobs() override;
    Result<SlurmJob> job(const std::string& id) override;
    Status cancel(const std::string& id) override;
    // What one of Slurm's commands says; its refusal in the site's words.
    Result<std::string> ask(std::vector<std::string> arguments) const;

  private:
    SlurmCommandsOptions options_;
};

// The arguments of sbatch.
std::vector<std::string> sbatch_arguments(const SlurmSubmission& submission,
                                          const std::vector<std::string>& site_options);

// What the commands answer. Lines that are not as they must be are left out: a user's other jobs may bear any
// name.
std::vector<SlurmJob> parse_squeue(std::string_view text);
// corrupted: not an answer of `scontrol show job -o`.
Result<SlurmJob> parse_scontrol_job(std::string_view text);
// not_found: no line.
Result<SlurmJob> parse_sacct(std::string_view text);
// "2026-11-21T21:33:50" in UTC as milliseconds; 0: not a time (N/A, Unknown).
std::int64_t slurm_time_ms(std::string_view text);
// What a failed command's words mean: refused, not_found or unavailable; the words in the message.
Error slurm_refusal(std::string_view command, std::string_view complaint);

}  // namespace euromesh::federation
