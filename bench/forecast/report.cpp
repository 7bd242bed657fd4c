#include "bench/forecast/report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace euromesh::bench {
namespace {

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

struct Sample {
    std::int64_t outcomes = 0, inside = 0, below = 0, above = 0, open = 0;
    std::vector<double> errors{}, limits_errors{}, slurm_errors{}, waits{}, widths{}, early{};

    void add(const Forecasted& forecasted, std::int64_t started_ms, std::int64_t now_ms) {
        const auto& [id, forecast, slurm_ms] = forecasted;
        if (started_ms < 0 && forecast.told.upper_ms >= now_ms) {
            ++open;
            return;
        }
        ++outcomes;
        widths.push_back(static_cast<double>(forecast.told.upper_ms - forecast.told.lower_ms));
        const bool is_above = started_ms < 0 || started_ms > forecast.told.upper_ms;
        const bool is_below = !is_above && started_ms < forecast.told.lower_ms;
        above += is_above ? 1 : 0;
        below += is_below ? 1 : 0;
        inside += is_above || is_below ? 0 : 1;
        if (started_ms < 0) return;
        errors.push_back(static_cast<double>(std::abs(started_ms - forecast.told.median_ms)));
        limits_errors.push_back(static_cast<double>(std::abs(started_ms - forecast.by_limits_ms)));
        if (slurm_ms > 0) slurm_errors.push_back(static_cast<double>(std::abs(started_ms - slurm_ms)));
        waits.push_back(static_cast<double>(started_ms - forecast.asked_ms));
    }
    void print(const char* what, const Unit& unit) const {
        const auto in = [&](const std::vector<double>& values) { return median(values) / unit.ms; };
        const double percent =
            outcomes == 0 ? 0 : 100.0 * static_cast<double>(inside) / static_cast<double>(outcomes);
        fmt::print("{:14} {:6} {:4} {:7.1f} {:5} {:5} {:9.1f} {:9.1f} {:9.1f} {:9.1f} {:9.1f}\n", what,
                   outcomes, open, percent, below, above, in(waits), in(errors), in(limits_errors),
                   in(slurm_errors), in(widths));
    }
};

std::int64_t started_of(const Centres& centres, std::size_t id) {
    return id < centres.times().size() ? centres.times()[id].started_ms : -1;
}

struct Waits {
    std::int64_t jobs = 0, unstarted = 0;
    double wait_ms = 0, slowdown = 0;
    std::vector<double> all{};

    void add(const Task& task, const JobTimes& times, std::int64_t now_ms, std::int64_t tau_ms) {
        ++jobs;
        unstarted += times.started_ms < 0 ? 1 : 0;
        const std::int64_t begin = times.submitted_ms;
        const auto wait = static_cast<double>((times.started_ms < 0 ? now_ms : times.started_ms) - begin);
        const auto run = static_cast<double>(task.job.run_ms);
        wait_ms += wait;
        all.push_back(wait);
        slowdown += std::max(1.0, (wait + run) / std::max(run, static_cast<double>(tau_ms)));
    }
    void print(const char* policy, const char* who, const Unit& unit) const {
        const double many = std::max(1.0, static_cast<double>(jobs));
        fmt::print("{:16} {:10} {:6} {:5} {:10.2f} {:10.2f} {:10.2f}\n", policy, who, jobs, unstarted,
                   wait_ms / many / unit.ms, median(all) / unit.ms, slowdown / many);
    }
};

}  // namespace

void print_forecasts(const Experiment& experiment, const Centres& centres, const Unit& unit) {
    Sample all, scored, counted;
    for (const Forecasted& forecasted : experiment.forecasts()) {
        const std::int64_t started = started_of(centres, forecasted.id);
        all.add(forecasted, started, experiment.ended_ms());
        if (!forecasted.forecast.is_scored) continue;
        scored.add(forecasted, started, experiment.ended_ms());
        if (forecasted.forecast.asked_ms >= experiment.form().warm_ms)
            counted.add(forecasted, started, experiment.ended_ms());
    }
    fmt::print("\nforecasts, medians in {}; {} more could start at once\n", unit.name, experiment.at_once());
    fmt::print("{:14} {:>6} {:>4} {:>7} {:>5} {:>5} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "jobs", "open",
               "inside%", "early", "late", "wait", "error", "by limits", "scheduler", "width");
    all.print("all", unit);
    scored.print("scored bands", unit);
    counted.print("after warm-up", unit);
}

void print_placement(const Experiment& experiment, const Centres& centres, const Unit& unit,
                     std::int64_t tau_ms) {
    const ExperimentForm& form = experiment.form();
    fmt::print("\nwaits in {}\n{:16} {:10} {:>6} {:>5} {:>10} {:>10} {:>10}\n", unit.name, "policy",
               "jobs of", "jobs", "open", "mean wait", "median", "slowdown");
    for (std::size_t policy = 0; policy < form.policies.size(); ++policy) {
        Waits federated, local;
        for (std::size_t id = 0; id < experiment.tasks().size() && id < centres.times().size(); ++id) {
            const Task& task = experiment.tasks()[id];
            const JobTimes& times = centres.times()[id];
            if (task.policy != policy || task.arrives_ms < form.warm_ms || times.submitted_ms < 0) continue;
            (task.is_federated ? federated : local).add(task, times, experiment.ended_ms(), tau_ms);
        }
        if (federated.jobs > 0) federated.print(name_of(form.policies[policy]), "federation", unit);
        local.print(name_of(form.policies[policy]), "centres", unit);
    }
}

}  // namespace euromesh::bench
