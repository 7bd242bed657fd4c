// What runs inside an allocation: a small POSIX shell script, and the two records that it leaves behind.
//
// Why a script: on a compute node nothing but a shell can be taken for granted, and everything about a job
// (its start, its exit, how long) must be known without the scheduler's accounting, from the folder on the
// shared file system. Why a folder that is made (`began`): of several runs of one job, after an answer that
// was lost or a requeue by an operator, exactly one succeeds in making it; the others do nothing. That is
// what "one marker, at most one run" rests on, not on the scheduler.
//
//   FOLDER/submit.sh  what the scheduler gets and keeps: two lines, no secret
//   FOLDER/run.sh     the script below, with environment and arguments; for this user only
//   FOLDER/start.json the agent: the job is to exist
//   FOLDER/began/     made by the run that counts; began/record by temp + rename: job number, milliseconds
//   FOLDER/ended      by temp + rename: cause, exit status, milliseconds of start and end, cpu
//   FOLDER/cancel     the agent: it shall not start, or end
//   FOLDER/out, err   output; FOLDER/work: its directory unless it names one
//
// The script passes SIGTERM on to the whole process group of the program, warns it and ends it by its own
// timer (the scheduler counts in minutes and may send signals a minute early), and waits. Plain values: no
// thread rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/os/file.hpp"
#include "federation/batch/batch_system.hpp"

namespace euromesh::federation {

// One shell word that stands for exactly this text.
std::string shell_quoted(std::string_view text);

std::string slurm_submit_script(const os::Path& folder);

struct SlurmScript {
    JobStart job{};  // with the whole environment that the site gives it
    os::Path folder;
    std::int64_t grace_ms = 5000;  // between SIGTERM and SIGKILL at its limit
};
std::string slurm_run_script(const SlurmScript& script);

// Of began/record.
struct SlurmBegan {
    std::string job_id;
    std::int64_t started_ms = 0;
};

// Of ended.
struct SlurmEnded {
    EndCause cause = EndCause::exit;
    std::int64_t exit_status = 0;
    std::int64_t started_ms = 0;
    std::int64_t ended_ms = 0;
    std::int64_t cpu_ms = 0;
    std::string message{};
};

// corrupted: not what the script writes.
Result<SlurmBegan> decode_began(std::string_view text);
Result<SlurmEnded> decode_slurm_ended(std::string_view text);

}  // namespace euromesh::federation
