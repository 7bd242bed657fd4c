// What is to be said of a job, from all that is known of it: what Slurm says, what the job's own script wrote
// down, and whether this agent had asked for its end. Pure.
//
// Why apart: the two sources may contradict, or be silent, in any combination (a scheduler that does not
// answer, a node that died in mid-write, an operator who requeued); each is a row of a table that can be
// tested. The script's record counts for how the program ended; Slurm's state for why its allocation did.
// Plain values: no thread rule.
#pragma once

#include <optional>
#include <string>

#include "federation/batch/slurm_scheduler.hpp"
#include "federation/batch/slurm_script.hpp"

namespace euromesh::federation {

struct SlurmEvidence {
    BatchJob last{};                // what was said of it so far
    JobResources resources{};       //
    bool slurm_answers = false;     // it was asked, and answered
    bool was_submitted = false;     // Slurm had given it a number
    std::optional<SlurmJob> job{};  // none, although Slurm answers: it knows no such job (any more)
    std::optional<SlurmBegan> began{};
    std::optional<SlurmEnded> ended{};
    bool cancel_asked = false;
    std::int64_t now_ms = 0;
};

// States only go forward: what is over stays.
BatchJob judge_slurm_job(const SlurmEvidence& evidence);

}  // namespace euromesh::federation
