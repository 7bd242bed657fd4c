#include "federation/batch/slurm_commands.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace euromesh::federation {
namespace {

bool has(const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

TEST_CASE("Slurm's times are UTC, and what is none is 0") {
    CHECK(slurm_time_ms("1970-01-02T00:00:01") == 86'401'000);
    CHECK(slurm_time_ms("2026-11-21T21:33:50") == 1'795'296'830'000);
    for (const char* text : {"N/A", "Unknown", "", "2026-13-21T21:33:50", "2026-11-21T21:33:5x"})
        CHECK(slurm_time_ms(text) == 0);
}

TEST_CASE("squeue: one job a line, and odd ones are left out") {
    const auto jobs = parse_squeue(
        "7|RUNNING|None|2026-11-21T21:33:50|2026-11-21T21:33:51|2026-11-21T22:33:51|/w/m|m\n"
        "8|PENDING|Resources|2026-11-21T21:33:50|N/A|N/A|/w/n|a|b\n"
        "x|PENDING\n9_1|RUNNING|None|||||\n10|CANCELLED|None|2026-11-21T21:33:50|N/A|2026-11-21T22:33:51|/w/"
        "m|m");
    REQUIRE(jobs.size() == 3);
    CHECK(jobs[0].state == SlurmState::active);
    CHECK(jobs[0].folder == "/w/m");
    CHECK(jobs[0].words == "RUNNING");
    CHECK(jobs[0].ended_ms == 0);
    CHECK(jobs[1].words == "PENDING: Resources");
    CHECK(jobs[1].name == "a|b");
    CHECK(jobs[2].ended_ms > 0);
}

TEST_CASE("scontrol and sacct: how a job ended") {
    const auto job = parse_scontrol_job(
        "JobId=17 JobName=m UserId=a(1) JobState=FAILED Reason=NonZeroExitCode ExitCode=75:0 "
        "SubmitTime=2026-11-21T21:33:50 StartTime=2026-11-21T21:33:51 EndTime=2026-11-21T21:34:51 "
        "WorkDir=/w/m Comment=JobState=COMPLETED \n");
    REQUIRE(job.has_value());
    CHECK(job->state == SlurmState::failed);
    CHECK(job->exit_status == 75);
    CHECK(job->ended_ms - job->started_ms == 60'000);
    CHECK_FALSE(parse_scontrol_job("No jobs in the system\n").has_value());
    const auto old = parse_sacct("17|CANCELLED by 0|2026-11-21T21:33:50|2026-11-21T21:33:51|Unknown|0:9\n");
    REQUIRE(old.has_value());
    CHECK(old->state == SlurmState::cancelled);
    CHECK(old->exit_signal == 9);
    CHECK(parse_sacct("").error().code == Code::not_found);
}

TEST_CASE("what failed keeps its words, and only a clear no is a refusal") {
    const Error no =
        slurm_refusal("sbatch",
                      "sbatch: error: invalid partition specified: nix\n"
                      "sbatch: error: Batch job submission failed: Invalid partition name specified\n");
    CHECK(no.code == Code::refused);
    CHECK(no.message ==
          "sbatch: error: invalid partition specified: nix; Batch job submission failed: Invalid partition "
          "name specified");
    CHECK(slurm_refusal("sbatch", "x: Socket timed out on send/recv operation").code == Code::unavailable);
    CHECK(slurm_refusal("scontrol", "slurm_load_jobs error: Invalid job id specified").code ==
          Code::not_found);
    CHECK(slurm_refusal("scancel", "").message == "scancel fails without a word");
}

TEST_CASE("what is asked of sbatch") {
    SlurmSubmission wanted{.marker = "m~1", .folder = "/w/m", .script_path = "/w/m/submit.sh", .minutes = 2};
    auto words = sbatch_arguments(wanted, {"--mem=0"});
    for (const char* word : {"--parsable", "--no-requeue", "--job-name=m~1", "--time=2", "--mem=0"})
        CHECK(has(words, word));
    CHECK(words.back() == "/w/m/submit.sh");
    CHECK_FALSE(has(words, "--partition="));
    wanted.resources.gpus = 4;
    wanted.partition = "boost";
    wanted.account = "p1";
    wanted.warn_s = 90;
    wanted.after_id = "16";
    words = sbatch_arguments(wanted, {});
    for (const char* word : {"--gpus-per-node=4", "--partition=boost", "--account=p1", "--signal=B:USR1@90",
                             "--dependency=afternotok:16"})
        CHECK(has(words, word));
}

TEST_CASE("commands that are not there, or never answer") {
    SlurmCommands absent({.environment = {{"PATH", "/nonexistent"}}, .limit = std::chrono::milliseconds(1)});
    // Found or not by this machine's PATH: no answer, and never a job.
    CHECK_FALSE(absent.jobs().has_value());
}

}  // namespace
}  // namespace euromesh::federation
