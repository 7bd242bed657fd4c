#include "bench/forecast/experiment.hpp"

#include <algorithm>
#include <limits>

#include "base/random.hpp"

namespace euromesh::bench {
namespace {

constexpr std::size_t not_forecast = std::numeric_limits<std::size_t>::max();

std::int64_t free_share(const CentreView& view) {
    std::int64_t free = view.picture.nodes;
    for (const auto& run : view.picture.running) free -= run.nodes;
    return free * 1000 / std::max<std::int64_t>(1, view.picture.nodes);
}

}  // namespace

const char* name_of(Policy policy) {
    switch (policy) {
        case Policy::round_robin:
            return "round-robin";
        case Policy::shortest_queue:
            return "shortest queue";
        case Policy::predicted_start:
            return "predicted start";
    }
    return "";
}

Experiment::Experiment(ExperimentForm form, Centres& centres) : form_(std::move(form)), centres_(centres) {
    make_tasks();
    centre_of_.resize(tasks_.size());
    forecast_of_.resize(tasks_.size());
    start_known_.resize(tasks_.size());
    turns_.resize(form_.policies.size());
    for (std::size_t i = 0; i < form_.policies.size() * sites(); ++i)
        forecasters_.emplace_back(derive_seed(form_.load.seed, 100 + i));
}

void Experiment::make_tasks() {
    const auto add = [&](const LoadForm& load, std::size_t site, bool is_federated) {
        for (const LoadJob& job : make_load(load))
            for (std::size_t policy = 0; policy < form_.policies.size(); ++policy)
                tasks_.push_back({job.arrives_ms, policy, site, is_federated, job});
    };
    LoadForm load = form_.load;
    load.until_ms = form_.until_ms;
    std::int64_t all = 0;
    for (std::size_t site = 0; site < sites(); ++site) {
        load.nodes = form_.nodes[site];
        load.percent = form_.percents[site];
        load.seed = derive_seed(form_.load.seed, 10 + site);
        load.largest = std::min(form_.load.largest, load.nodes);
        all += load.nodes;
        add(load, site, false);
    }
    load.nodes = all;
    load.percent = form_.federated_percent;
    load.seed = derive_seed(form_.load.seed, 50);
    load.largest = form_.federated_largest;
    load.fills = false;
    if (load.percent > 0) add(load, 0, true);
    std::stable_sort(tasks_.begin(), tasks_.end(),
                     [](const Task& a, const Task& b) { return a.arrives_ms < b.arrives_ms; });
}

Status Experiment::run(const std::function<void()>& each_tick) {
    for (std::int64_t tick = 0; tick < form_.until_ms + form_.drain_ms;) {
        const bool is_tick = next_ == tasks_.size() || tasks_[next_].arrives_ms > tick;
        EM_TRY(centres_.wait_until(is_tick ? tick : tasks_[next_].arrives_ms));
        if (!is_tick) {
            EM_TRY(submit_due());
            continue;
        }
        EM_TRY(look_and_learn());
        if (each_tick) each_tick();
        if (tick >= form_.until_ms && all_started()) break;
        tick = std::max(tick + form_.tick_ms, centres_.now_ms());
    }
    ended_ms_ = centres_.now_ms();
    return {};
}

bool Experiment::all_started() const {
    return std::all_of(open_.begin(), open_.end(), [&](std::size_t id) { return start_known_[id]; });
}

// All that have the same moment of arrival; federated ones with one look at the queues.
Status Experiment::submit_due() {
    const std::int64_t at = tasks_[next_].arrives_ms;
    bool has_looked = false;
    for (; next_ < tasks_.size() && tasks_[next_].arrives_ms == at; ++next_) {
        const Task& task = tasks_[next_];
        if (task.is_federated && !has_looked) {
            EM_ASSIGN(views_, centres_.look());
            has_looked = true;
        }
        const std::size_t site = task.is_federated ? choose(task, form_.policies[task.policy]) : task.site;
        centre_of_[next_] = task.policy * sites() + site;
        EM_TRY(centres_.submit(centre_of_[next_], next_, task.job));
        open_.insert(next_);
    }
    return {};
}

std::size_t Experiment::choose(const Task& task, Policy policy) {
    const std::size_t first = task.policy * sites();
    if (policy == Policy::round_robin) return turns_[task.policy]++ % sites();
    const std::size_t least = shortest(first);
    if (policy == Policy::shortest_queue) return least;
    std::size_t best = least;
    std::int64_t best_ms = predicted_ms(first + least, task.job);
    for (std::size_t site = 0; site < sites(); ++site) {
        if (site == least) continue;
        const std::int64_t at = predicted_ms(first + site, task.job);
        if (at >= best_ms) continue;
        best = site;
        best_ms = at;
    }
    return best;
}

// Fewest jobs that wait; of equal ones, where most is free.
std::size_t Experiment::shortest(std::size_t first) const {
    std::size_t best = 0;
    for (std::size_t site = 1; site < sites(); ++site) {
        const CentreView &a = views_[first + site], &b = views_[first + best];
        const bool is_shorter = a.waiting.size() != b.waiting.size() ? a.waiting.size() < b.waiting.size()
                                                                     : free_share(a) > free_share(b);
        if (is_shorter) best = site;
    }
    return best;
}

std::int64_t Experiment::predicted_ms(std::size_t centre, const LoadJob& job) {
    federation::QueuePicture picture = views_[centre].picture;
    picture.waiting.push_back({job.nodes, job.limit_ms});
    return forecaster_of(centre).forecast(picture, picture.waiting.size() - 1).mean_ms();
}

Status Experiment::look_and_learn() {
    EM_ASSIGN(views_, centres_.look());
    const std::vector<std::size_t> ids(open_.begin(), open_.end());
    for (const std::size_t id : ids) learn(id);
    for (std::size_t centre = 0; centre < views_.size(); ++centre) forecast_waiting(centre);
    return {};
}

void Experiment::learn(std::size_t id) {
    if (id >= centres_.times().size()) return;
    const JobTimes& times = centres_.times()[id];
    federation::StartForecaster& forecaster = forecaster_of(centre_of_[id]);
    if (times.started_ms >= 0 && !start_known_[id]) {
        forecaster.started(std::to_string(id), times.started_ms);
        start_known_[id] = true;
    }
    if (times.ended_ms < 0) return;
    forecaster.ran(tasks_[id].job.limit_ms, times.ended_ms - times.started_ms);
    open_.erase(id);
}

void Experiment::forecast_waiting(std::size_t centre) {
    const CentreView& view = views_[centre];
    for (std::size_t i = 0; i < view.waiting.size(); ++i) {
        const std::size_t id = view.waiting[i];
        note_expectation(id, view.picture.waiting[i].expected_ms);
        if (forecast_of_[id] != 0) continue;
        forecast_of_[id] = not_forecast;
        if (!tasks_[id].is_federated && id % form_.forecast_every != 0) continue;
        const auto forecast = forecaster_of(centre).forecast(view.picture, i);
        if (forecast.is_at_once) {
            ++at_once_;
            continue;
        }
        forecaster_of(centre).expect(std::to_string(id), forecast);
        forecasts_.push_back({id, forecast, view.picture.waiting[i].expected_ms});
        forecast_of_[id] = forecasts_.size();
    }
}

void Experiment::note_expectation(std::size_t id, std::int64_t expected_ms) {
    const std::size_t at = forecast_of_[id];
    if (at == 0 || at == not_forecast || forecasts_[at - 1].slurm_ms != 0) return;
    forecasts_[at - 1].slurm_ms = expected_ms;
}

}  // namespace euromesh::bench
