// What Slurm's commands, its REST service and the script of a job say, whatever it is: read or refused, and
// no job comes of it that the rest of the program could not stand.
#include "federation/batch/slurm_commands.hpp"
#include "federation/batch/slurm_queue.hpp"
#include "federation/batch/slurm_rest_wire.hpp"
#include "federation/batch/slurm_script.hpp"
#include "federation/batch/start_forecast.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

void check(const federation::SlurmJob& job) {
    EM_ASSERT(!job.id.empty(), "a job has a number");
    EM_ASSERT(job.submitted_ms >= 0 && job.started_ms >= 0 && job.ended_ms >= 0, "and no time before 1970");
    EM_ASSERT(!job.exit_status || (*job.exit_status >= 0 && *job.exit_status <= 255),
              "and an exit status as the system has them");
}

// Whatever a queue says, a forecast of its last job is in order.
void check_queue(std::string_view text) {
    const federation::SlurmQueueOptions options{.partition = "batch", .preemptible = "spare"};
    const federation::SlurmQueue queue{federation::parse_slurm_queue(text),
                                       federation::parse_slurm_nodes(text)};
    constexpr std::int64_t now = 1'780'000'000'000;
    const federation::QueuePicture picture = picture_of(queue, options, now);
    if (!picture.waiting.empty() && picture.waiting.size() + picture.running.size() < 30) {
        federation::StartForecaster forecaster(1);
        const auto told = forecaster.forecast(picture, picture.waiting.size() - 1).told;
        EM_ASSERT(now <= told.lower_ms && told.lower_ms <= told.median_ms && told.median_ms <= told.upper_ms,
                  "a band is in order and not in the past");
    }
    const auto windows = windows_of(queue, options, {"1", "13"});
    if (windows)
        for (const federation::IdleWindow& window : *windows) EM_ASSERT(window.nodes > 0, "of some nodes");
    const auto names = federation::expand_hosts(text);
    EM_ASSERT(!names || names->size() <= federation::host_names_most, "no more names than may be");
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
        if (const auto version = federation::choose_rest_version(status, text))
            EM_ASSERT((*version)->name.starts_with("v0.0."), "a version of ours");
        const auto jobs = federation::parse_rest_jobs(status, text, "a");
        if (!jobs) continue;
        for (const federation::SlurmJob& job : *jobs) check(job);
    }
    check_queue(text);
    (void)federation::trouble_of_token(text, "a", 1);
    (void)federation::decode_began(text);
    (void)federation::decode_slurm_ended(text);
}

}  // namespace euromesh::fuzz
