#include "federation/batch/slurm_end.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

SlurmEvidence evidence(SlurmState state) {
    SlurmEvidence made{.last = {},
                       .resources = {.nodes = 2, .gpus = 4},
                       .slurm_answers = true,
                       .was_submitted = true,
                       .job = SlurmJob{.id = "7", .state = state, .words = "WORDS"},
                       .now_ms = 9000};
    made.last.marker = "m";
    made.last.submitted_ms = 1000;
    if (state != SlurmState::pending) made.began = SlurmBegan{"7", 2000};
    return made;
}

TEST_CASE("a job that is not over waits, with Slurm's reason, or runs") {
    const BatchJob waits = judge_slurm_job(evidence(SlurmState::pending));
    CHECK(waits.state == BatchState::queued);
    CHECK(waits.message == "waits; Slurm: WORDS");
    const BatchJob runs = judge_slurm_job(evidence(SlurmState::active));
    CHECK(runs.state == BatchState::running);
    CHECK(runs.started_ms == 2000);
    // Its processes may still be there.
    SlurmEvidence tidied = evidence(SlurmState::completing);
    tidied.ended = SlurmEnded{.ended_ms = 3000};
    CHECK(judge_slurm_job(tidied).state == BatchState::running);
}

TEST_CASE("what the script wrote counts for an end of its own") {
    SlurmEvidence seen = evidence(SlurmState::failed);
    seen.ended = SlurmEnded{
        .cause = EndCause::exit, .exit_status = 75, .started_ms = 2000, .ended_ms = 5000, .cpu_ms = 70};
    const BatchJob end = judge_slurm_job(seen);
    CHECK(end.state == BatchState::ended);
    CHECK(end.cause == EndCause::exit);
    CHECK(end.exit_status == 75);
    CHECK(end.usage == BatchUsage{.wall_ms = 3000, .cpu_ms = 70, .gpus = 8});
}

TEST_CASE("why an allocation ended is told by Slurm") {
    for (const SlurmState state : {SlurmState::preempted, SlurmState::node_fail, SlurmState::cancelled}) {
        const BatchJob end = judge_slurm_job(evidence(state));
        CHECK(end.state == BatchState::ended);
        CHECK(end.cause == EndCause::interrupted);
        CHECK(end.usage.wall_ms == 7000);
    }
    CHECK(judge_slurm_job(evidence(SlurmState::timeout)).cause == EndCause::time_limit);
    const BatchJob memory = judge_slurm_job(evidence(SlurmState::out_of_memory));
    CHECK(memory.cause == EndCause::signal);
    CHECK(memory.exit_status == 137);
    // A second run after a requeue does nothing, and its end is not the program's.
    CHECK(judge_slurm_job(evidence(SlurmState::failed)).cause == EndCause::interrupted);
}

TEST_CASE("a requeue is told as one, unless the program was done; a full disk is no refusal") {
    for (const SlurmState state : {SlurmState::cancelled, SlurmState::failed}) {
        SlurmEvidence seen = evidence(state);
        seen.job->restarts = 1;
        CHECK(judge_slurm_job(seen).cause == EndCause::interrupted);
        CHECK(judge_slurm_job(seen).message == "requeued at the site; Slurm: WORDS");
        seen.ended =
            SlurmEnded{.cause = EndCause::exit, .exit_status = 75, .started_ms = 2000, .ended_ms = 5000};
        CHECK(judge_slurm_job(seen).message == "requeued at the site; Slurm: WORDS");
        CHECK(judge_slurm_job(seen).usage.wall_ms == 3000);
    }
    SlurmEvidence done = evidence(SlurmState::failed);
    done.job->restarts = 1;
    done.ended = SlurmEnded{.cause = EndCause::exit, .started_ms = 2000, .ended_ms = 5000};
    CHECK(judge_slurm_job(done).exit_status == 0);
    SlurmEvidence full = evidence(SlurmState::failed);
    full.began.reset();
    full.job->exit_status = 75;
    CHECK(judge_slurm_job(full).cause == EndCause::interrupted);
    CHECK(judge_slurm_job(full).message == "it could not write in its folder; Slurm: WORDS");
}

TEST_CASE("who asked for the end gets it, and a job that never began has used nothing") {
    SlurmEvidence seen = evidence(SlurmState::cancelled);
    seen.cancel_asked = true;
    seen.began.reset();
    const BatchJob end = judge_slurm_job(seen);
    CHECK(end.state == BatchState::cancelled);
    CHECK(end.started_ms == 0);
    CHECK(end.usage == BatchUsage{});
    seen = evidence(SlurmState::failed);
    seen.began.reset();
    CHECK(judge_slurm_job(seen).cause == EndCause::not_started);
    CHECK(judge_slurm_job(seen).message == "Slurm: WORDS");
}

TEST_CASE("a scheduler that does not answer, or has forgotten") {
    SlurmEvidence seen = evidence(SlurmState::active);
    seen.slurm_answers = false;
    seen.job.reset();
    CHECK(judge_slurm_job(seen).state == BatchState::running);
    seen.ended = SlurmEnded{.exit_status = 3, .started_ms = 2000, .ended_ms = 2500};
    CHECK(judge_slurm_job(seen).exit_status == 3);
    seen.slurm_answers = true;
    CHECK(judge_slurm_job(seen).exit_status == 3);
    seen.ended.reset();
    CHECK(judge_slurm_job(seen).state == BatchState::lost);
    seen.began.reset();
    CHECK(judge_slurm_job(seen).cause == EndCause::interrupted);
    seen.was_submitted = false;
    CHECK(judge_slurm_job(seen).state == BatchState::queued);
    seen.last.state = BatchState::cancelled;
    CHECK(judge_slurm_job(seen).state == BatchState::cancelled);
}

}  // namespace
}  // namespace euromesh::federation
