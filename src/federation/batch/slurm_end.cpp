#include "federation/batch/slurm_end.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

BatchJob running(const SlurmEvidence& evidence) {
    BatchJob made = evidence.last;
    made.state = BatchState::running;
    if (evidence.began) {
        made.started_ms = evidence.began->started_ms;
    } else if (evidence.job && evidence.job->started_ms > 0) {
        made.started_ms = evidence.job->started_ms;
    }
    made.started_ms = std::max(made.started_ms, made.submitted_ms);
    made.message.clear();
    return made;
}

// When it was, and how long; by the script where that lived to say so, else by Slurm, else until now.
void take_times(BatchJob& made, const SlurmEvidence& evidence) {
    const auto& [ended, began, job] = std::tie(evidence.ended, evidence.began, evidence.job);
    if (began) made.started_ms = std::max(began->started_ms, made.submitted_ms);
    if (!began && !ended) made.started_ms = 0;
    const std::int64_t slurm_end = job && job->is_over() ? job->ended_ms : 0;
    made.ended_ms = ended ? ended->ended_ms : slurm_end > 0 ? slurm_end : evidence.now_ms;
    made.ended_ms = std::max({made.ended_ms, made.started_ms, made.submitted_ms});
    if (made.started_ms == 0) return;
    made.usage.wall_ms = ended ? ended->ended_ms - ended->started_ms : made.ended_ms - made.started_ms;
    made.usage.cpu_ms = ended ? ended->cpu_ms : 0;
    made.usage.gpus = evidence.resources.gpus * evidence.resources.nodes;
}

BatchJob over(const SlurmEvidence& evidence, BatchState state, EndCause cause, std::string message) {
    BatchJob made = evidence.last;
    made.state = state;
    made.cause = cause;
    made.message = as_message(message);
    if (evidence.ended) made.exit_status = evidence.ended->exit_status;
    take_times(made, evidence);
    return made;
}

BatchJob by_record(const SlurmEvidence& evidence) {
    const SlurmEnded& ended = *evidence.ended;
    if (ended.cause == EndCause::cancelled)
        return over(evidence, BatchState::cancelled, EndCause::cancelled, ended.message);
    return over(evidence, BatchState::ended, ended.cause, ended.message);
}

// It ended by itself, as far as Slurm can tell.
BatchJob by_itself(const SlurmEvidence& evidence) {
    if (evidence.ended) return by_record(evidence);
    const SlurmJob& job = *evidence.job;
    // The guard could not make its folder: a full disk.
    if (!evidence.began && job.exit_status == exit_go_on)
        return over(evidence, BatchState::ended, EndCause::interrupted,
                    "it could not write in its folder; Slurm: " + job.words);
    if (!evidence.began)
        return over(evidence, BatchState::ended, EndCause::not_started, "Slurm: " + job.words);
    if (job.exit_signal > 0) {
        BatchJob made = over(evidence, BatchState::ended, EndCause::signal, "Slurm: " + job.words);
        made.exit_status = 128 + job.exit_signal;
        return made;
    }
    return over(evidence, BatchState::ended, EndCause::interrupted,
                "its run ended without a word, perhaps requeued; Slurm: " + job.words);
}

// Whatever became of the second run, which is none.
bool was_requeued(const SlurmEvidence& evidence) {
    const bool is_done =
        evidence.ended && evidence.ended->cause == EndCause::exit && evidence.ended->exit_status == 0;
    return evidence.began && evidence.job->restarts > 0 && !is_done;
}

BatchJob by_slurm(const SlurmEvidence& evidence) {
    const SlurmJob& job = *evidence.job;
    if (was_requeued(evidence))
        return over(evidence, BatchState::ended, EndCause::interrupted,
                    "requeued at the site; Slurm: " + job.words);
    switch (job.state) {
        case SlurmState::timeout:
            return over(evidence, BatchState::ended, EndCause::time_limit, "Slurm: " + job.words);
        case SlurmState::cancelled:
            return over(evidence, BatchState::ended, EndCause::interrupted,
                        "cancelled at the site; Slurm: " + job.words);
        case SlurmState::preempted:
        case SlurmState::node_fail:
            return over(evidence, BatchState::ended, EndCause::interrupted, "Slurm: " + job.words);
        case SlurmState::out_of_memory: {
            BatchJob made = over(evidence, BatchState::ended, EndCause::signal, "Slurm: " + job.words);
            made.exit_status = made.exit_status.value_or(137);
            return made;
        }
        default:
            return by_itself(evidence);
    }
}

BatchJob unknown_to_slurm(const SlurmEvidence& evidence) {
    if (evidence.ended) return by_record(evidence);
    if (evidence.began) {
        return over(evidence, BatchState::lost, EndCause::none,
                    "Slurm no longer knows it, and it left no word");
    }
    if (evidence.cancel_asked) return over(evidence, BatchState::cancelled, EndCause::cancelled, "");
    if (!evidence.was_submitted) return evidence.last;
    return over(evidence, BatchState::ended, EndCause::interrupted,
                "Slurm no longer knows it, and it never began");
}

BatchJob not_over(const SlurmEvidence& evidence) {
    if (evidence.began || (evidence.job && evidence.job->state != SlurmState::pending))
        return running(evidence);
    BatchJob made = evidence.last;
    if (evidence.job) made.message = as_message("waits; Slurm: " + evidence.job->words);
    return made;
}

}  // namespace

BatchJob judge_slurm_job(const SlurmEvidence& evidence) {
    if (evidence.last.is_over()) return evidence.last;
    if (!evidence.slurm_answers) {
        // Its processes may still be tidied up, which nobody can tell now.
        if (evidence.ended && evidence.cancel_asked)
            return over(evidence, BatchState::cancelled, EndCause::cancelled, "");
        return evidence.ended ? by_record(evidence) : not_over(evidence);
    }
    if (!evidence.job) return unknown_to_slurm(evidence);
    if (!evidence.job->is_over()) return not_over(evidence);
    if (evidence.cancel_asked) return over(evidence, BatchState::cancelled, EndCause::cancelled, "");
    return by_slurm(evidence);
}

}  // namespace euromesh::federation
