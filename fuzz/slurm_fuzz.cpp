// What Slurm's commands, its REST service and the script of a job say, whatever it is: read or refused, and
// no job comes of it that the rest of the program could not stand.
#include "federation/batch/slurm_commands.hpp"
#include "federation/batch/slurm_rest.hpp"
#include "federation/batch/slurm_script.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

void check(const federation::SlurmJob& job) {
    EM_ASSERT(!job.id.empty(), "a job has a number");
    EM_ASSERT(job.submitted_ms >= 0 && job.started_ms >= 0 && job.ended_ms >= 0, "and no time before 1970");
    EM_ASSERT(!job.exit_status || (*job.exit_status >= 0 && *job.exit_status <= 255),
              "and an exit status as the system has them");
}

}  // namespace

void try_input(Input input) {
    const std::string_view text = input.text();
    for (const federation::SlurmJob& job : federation::parse_squeue(text)) check(job);
    if (const auto job = federation::parse_scontrol_job(text)) check(*job);
    if (const auto job = federation::parse_sacct(text)) check(*job);
    (void)federation::slurm_refusal("sbatch", text);
    for (const int status : {200, 401, 500}) {
        (void)federation::parse_rest_submitted(status, text);
        (void)federation::parse_rest_status(status, text);
        const auto jobs = federation::parse_rest_jobs(status, text, "a");
        if (!jobs) continue;
        for (const federation::SlurmJob& job : *jobs) check(job);
    }
    (void)federation::decode_began(text);
    (void)federation::decode_slurm_ended(text);
}

}  // namespace euromesh::fuzz
