#include "federation/batch/queue_walk.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

// A sum that stays at "never".
std::int64_t later(std::int64_t at_ms, std::int64_t by_ms) {
    return at_ms > starts_never - by_ms ? starts_never : at_ms + by_ms;
}

class Walk {
  public:
    Walk(const QueuePicture& picture, const AssumedTimes& times, std::size_t index)
        : waiting_(picture.waiting),
          times_(times),
          index_(index),
          now_(picture.now_ms),
          free_(picture.nodes) {
        for (std::size_t i = 0; i < picture.running.size(); ++i) {
            const RunningJob& job = picture.running[i];
            // One that is over its limit is about to be ended.
            runs_.push_back({std::max(job.ends_ms, now_ + 1), later(now_, times.running_ms[i]), job.nodes});
            free_ -= job.nodes;
        }
        left_.resize(std::min(waiting_.size(), planned_most));
        for (std::size_t i = 0; i < left_.size(); ++i) left_[i] = i;
    }

    std::int64_t start() {
        for (;;) {
            if (starts_in_this_pass()) return now_;
            if (runs_.empty()) return starts_never;
            go_to_the_next_end();
        }
    }

  private:
    struct Run {
        std::int64_t limit_ms, end_ms, nodes;
    };

    bool starts_in_this_pass() {
        FreeProfile profile(now_, free_);
        for (const Run& run : runs_) profile.release(std::max(run.limit_ms, now_ + 1), run.nodes);
        bool found = false;
        std::erase_if(left_, [&](std::size_t which) {
            const WaitingJob& job = waiting_[which];
            const std::int64_t at = profile.earliest(job.nodes, job.limit_ms);
            if (at == starts_never) return false;
            profile.take(at, later(at, job.limit_ms), job.nodes);
            if (at != now_) return false;
            begin(which);
            found = found || which == index_;
            return true;
        });
        return found;
    }
    void begin(std::size_t which) {
        const WaitingJob& job = waiting_[which];
        runs_.push_back({later(now_, job.limit_ms), later(now_, times_.waiting_ms[which]), job.nodes});
        free_ -= job.nodes;
    }
    void go_to_the_next_end() {
        std::int64_t next = starts_never;
        for (const Run& run : runs_) next = std::min(next, run.end_ms);
        now_ = next;
        std::erase_if(runs_, [&](const Run& run) {
            if (run.end_ms > now_) return false;
            free_ += run.nodes;
            return true;
        });
    }

    const std::vector<WaitingJob>& waiting_;
    const AssumedTimes& times_;
    std::size_t index_;
    std::int64_t now_;
    std::int64_t free_;
    std::vector<Run> runs_{};
    std::vector<std::size_t> left_{};
};

}  // namespace

FreeProfile::FreeProfile(std::int64_t now_ms, std::int64_t free) : steps_{{now_ms, free}} {}

// The step that begins at `at_ms`, made if it is not there. What was before the profile's begin counts as it.
std::size_t FreeProfile::cut(std::int64_t at_ms) {
    const auto after = std::upper_bound(steps_.begin(), steps_.end(), at_ms,
                                        [](std::int64_t at, const Step& step) { return at < step.at_ms; });
    if (after == steps_.begin()) return 0;
    const auto before = after - 1;
    if (before->at_ms == at_ms) return static_cast<std::size_t>(before - steps_.begin());
    const Step made{at_ms, before->free};
    const auto at = after - steps_.begin();
    steps_.insert(after, made);
    return static_cast<std::size_t>(at);
}

void FreeProfile::release(std::int64_t at_ms, std::int64_t nodes) {
    for (std::size_t i = cut(at_ms); i < steps_.size(); ++i) steps_[i].free += nodes;
}

std::int64_t FreeProfile::earliest(std::int64_t nodes, std::int64_t length_ms) const {
    std::size_t first = 0;  // of the stretch that is wide enough
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        if (i > first && steps_[i].at_ms >= later(steps_[first].at_ms, length_ms)) break;
        if (steps_[i].free < nodes) first = i + 1;
    }
    return first == steps_.size() ? starts_never : steps_[first].at_ms;
}

void FreeProfile::take(std::int64_t from_ms, std::int64_t until_ms, std::int64_t nodes) {
    const std::size_t first = cut(from_ms);
    const std::size_t end = until_ms == starts_never ? steps_.size() : cut(until_ms);
    for (std::size_t i = first; i < end; ++i) steps_[i].free -= nodes;
}

std::int64_t walk_to_start(const QueuePicture& picture, const AssumedTimes& times, std::size_t index) {
    EM_ASSERT(index < picture.waiting.size() && times.running_ms.size() == picture.running.size() &&
                  times.waiting_ms.size() == picture.waiting.size(),
              "a walk has a time for each job, and one that is asked for");
    return Walk(picture, times, index).start();
}

AssumedTimes limits_of(const QueuePicture& picture) {
    AssumedTimes times;
    for (const RunningJob& job : picture.running)
        times.running_ms.push_back(std::max<std::int64_t>(1, job.ends_ms - picture.now_ms));
    for (const WaitingJob& job : picture.waiting)
        times.waiting_ms.push_back(std::max<std::int64_t>(1, job.limit_ms));
    return times;
}

}  // namespace euromesh::federation
