#include "bench/forecast/slurm_centres.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/os/socket.hpp"

namespace euromesh::bench {
namespace {

constexpr std::int64_t minute_ms = 60'000;

// Jobs of the load are called j0, j1, ...
std::optional<std::size_t> id_of(std::string_view name) {
    std::size_t id = 0;
    if (!name.starts_with('j')) return std::nullopt;
    const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), id);
    if (error != std::errc() || end != name.data() + name.size() || id > 1'000'000) return std::nullopt;
    return id;
}

}  // namespace

SlurmCentres::SlurmCentres(const std::string& slurm_conf, std::vector<std::string> partitions,
                           std::string preemptible)
    : commands_({.environment = {{"SLURM_CONF", slurm_conf}}}),
      partitions_(std::move(partitions)),
      preemptible_(std::move(preemptible)),
      began_ms_(wall_ms()) {}

federation::SlurmQueueOptions SlurmCentres::options_of(std::size_t centre) const {
    return {.partition = partitions_[centre], .preemptible = preemptible_};
}

Status SlurmCentres::wait_until(std::int64_t at_ms) {
    const std::int64_t left = at_ms - now_ms();
    if (left > 0) os::wait_ready({}, std::chrono::milliseconds(left));
    return {};
}

Status SlurmCentres::submit(std::size_t centre, std::size_t id, const LoadJob& job) {
    const auto said =
        commands_.ask({"sbatch", "--quiet", fmt::format("--job-name=j{}", id),
                       "--partition=" + partitions_[centre], fmt::format("--nodes={}", job.nodes),
                       fmt::format("--time={}", (job.limit_ms + minute_ms - 1) / minute_ms),
                       "--output=/dev/null", "--no-requeue", "--chdir=/tmp",
                       fmt::format("--wrap=exec sleep {}.{:03}", job.run_ms / 1000, job.run_ms % 1000)});
    // A controller that is too busy: the job may be there or not, and counts if it is.
    if (said || said.error().code == Code::unavailable) return {};
    return fail(said.error());
}

// Slurm keeps jobs of an earlier experiment; its times have whole seconds.
bool SlurmCentres::is_of_before(const federation::SlurmQueueJob& job) const {
    return job.submitted_ms + 1000 < began_ms_;
}

void SlurmCentres::take_times() {
    for (const federation::SlurmQueueJob& job : queue_.jobs) {
        const auto id = id_of(job.name);
        if (!id || is_of_before(job)) continue;
        times_.resize(std::max(times_.size(), *id + 1));
        JobTimes& times = times_[*id];
        times.submitted_ms = job.submitted_ms - began_ms_;
        if (job.state == federation::SlurmState::pending) continue;
        times.started_ms = job.started_ms - began_ms_;
        if (job.state > federation::SlurmState::active) times.ended_ms = job.ended_ms - began_ms_;
    }
}

Result<std::vector<CentreView>> SlurmCentres::look() {
    std::vector<std::string> all = partitions_;
    if (!preemptible_.empty()) all.push_back(preemptible_);
    EM_ASSIGN(queue_, read_slurm_queue(commands_, all, true));
    take_times();
    std::vector<CentreView> views;
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
        CentreView view{.picture = picture_of(queue_, options_of(i), wall_ms())};
        for (const auto& job : waiting_jobs(queue_, options_of(i)))
            view.waiting.push_back(id_of(job.name).value_or(0));
        view.picture.now_ms -= began_ms_;
        for (federation::RunningJob& job : view.picture.running) {
            job.started_ms -= began_ms_;
            job.ends_ms -= began_ms_;
        }
        for (federation::WaitingJob& job : view.picture.waiting)
            job.expected_ms = std::max<std::int64_t>(0, job.expected_ms - began_ms_);
        views.push_back(std::move(view));
    }
    return views;
}

std::int64_t SlurmCentres::harvested_ms(std::int64_t from_ms, std::int64_t until_ms) const {
    std::int64_t sum = 0;
    for (const federation::SlurmQueueJob& job : queue_.jobs) {
        if (job.partition != preemptible_ || job.state == federation::SlurmState::pending ||
            is_of_before(job))
            continue;
        const bool is_over = job.state > federation::SlurmState::active;
        const std::int64_t from = std::max(job.started_ms - began_ms_, from_ms);
        const std::int64_t end = is_over ? std::min(job.ended_ms - began_ms_, until_ms) : until_ms;
        if (job.started_ms > 0) sum += std::max<std::int64_t>(0, end - from) * job.nodes;
    }
    return sum;
}

}  // namespace euromesh::bench
