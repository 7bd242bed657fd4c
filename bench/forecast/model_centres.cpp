#include "bench/forecast/model_centres.hpp"

#include <algorithm>

namespace euromesh::bench {
namespace {

// When the first may start at the latest, and how many nodes it leaves then.
struct Shadow {
    std::int64_t at_ms = federation::starts_never, beside = 0;
};

template <typename Jobs>
Shadow shadow_of(const Jobs& running, std::int64_t free, std::int64_t wanted) {
    std::vector<std::pair<std::int64_t, std::int64_t>> ends;
    for (const auto& run : running) ends.emplace_back(run.started_ms + run.job.limit_ms, run.job.nodes);
    std::sort(ends.begin(), ends.end());
    for (const auto& [at, nodes] : ends) {
        free += nodes;
        if (free >= wanted) return {at, free - wanted};
    }
    return {};
}

}  // namespace

ModelCentres::ModelCentres(const std::vector<std::int64_t>& nodes) {
    for (const std::int64_t count : nodes) centres_.push_back({count, count});
}

std::int64_t ModelCentres::next_end() const {
    std::int64_t next = federation::starts_never;
    for (const Centre& centre : centres_)
        for (const Job& job : centre.running) next = std::min(next, job.started_ms + job.job.run_ms);
    return next;
}

void ModelCentres::end_what_is_over(Centre& centre) {
    std::erase_if(centre.running, [&](const Job& job) {
        const std::int64_t end = job.started_ms + job.job.run_ms;
        if (end > now_) return false;
        centre.free += job.job.nodes;
        times_[job.id].ended_ms = end;
        return true;
    });
}

void ModelCentres::start(Centre& centre, std::size_t at) {
    Job job = centre.waiting[at];
    centre.waiting.erase(centre.waiting.begin() + static_cast<std::ptrdiff_t>(at));
    job.started_ms = now_;
    centre.free -= job.job.nodes;
    times_[job.id].started_ms = now_;
    centre.running.push_back(job);
}

void ModelCentres::schedule(Centre& centre) {
    while (!centre.waiting.empty() && centre.waiting[0].job.nodes <= centre.free) start(centre, 0);
    if (centre.waiting.empty()) return;
    Shadow shadow = shadow_of(centre.running, centre.free, centre.waiting[0].job.nodes);
    for (std::size_t at = 1; at < centre.waiting.size();) {
        const LoadJob& job = centre.waiting[at].job;
        const bool ends_before = now_ + job.limit_ms <= shadow.at_ms;
        if (job.nodes > centre.free || (!ends_before && job.nodes > shadow.beside)) {
            ++at;
            continue;
        }
        if (!ends_before) shadow.beside -= job.nodes;
        start(centre, at);
    }
}

Status ModelCentres::wait_until(std::int64_t at_ms) {
    for (std::int64_t next = next_end(); next <= at_ms; next = next_end()) {
        now_ = std::max(now_, next);
        for (Centre& centre : centres_) {
            end_what_is_over(centre);
            schedule(centre);
        }
    }
    now_ = std::max(now_, at_ms);
    return {};
}

Status ModelCentres::submit(std::size_t centre, std::size_t id, const LoadJob& job) {
    times_.resize(std::max(times_.size(), id + 1));
    times_[id].submitted_ms = now_;
    centres_[centre].waiting.push_back({id, job, -1});
    schedule(centres_[centre]);
    return {};
}

Result<std::vector<CentreView>> ModelCentres::look() {
    std::vector<CentreView> views;
    for (const Centre& centre : centres_) {
        CentreView view{.picture = {.now_ms = now_, .nodes = centre.nodes}};
        for (const Job& run : centre.running)
            view.picture.running.push_back(
                {run.job.nodes, run.started_ms, run.started_ms + run.job.limit_ms});
        for (const Job& wait : centre.waiting) {
            view.picture.waiting.push_back({wait.job.nodes, wait.job.limit_ms});
            view.waiting.push_back(wait.id);
        }
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace euromesh::bench
