// Loads on centres, forecasts of what waits, and federated jobs that go where a policy says.
//
// Every policy has centres of its own with the same loads, so that all of them see the same days. Whoever
// waits when it is first seen is forecast once; nothing is learned from what is not known yet at that moment.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "bench/forecast/centres.hpp"
#include "federation/batch/start_forecast.hpp"

namespace euromesh::bench {

enum class Policy { round_robin, shortest_queue, predicted_start };
const char* name_of(Policy policy);

struct ExperimentForm {
    LoadForm load{};  // of the first site; others differ in nodes, percent and seed
    std::vector<std::int64_t> nodes{1000};
    std::vector<std::int64_t> percents{80};
    std::vector<Policy> policies{Policy::round_robin};  // centre = policy * sites + site
    std::int64_t federated_percent = 0;                 // of all nodes
    std::int64_t federated_largest = 32;
    std::int64_t until_ms = 0, tick_ms = 0;
    std::int64_t warm_ms = 0;        // what comes before is not counted
    std::int64_t drain_ms = 0;       // so long after the last arrival at most
    std::size_t forecast_every = 1;  // one of so many local jobs
    bool is_one_history = false;     // all centres are partitions of one site, which learns from all of them
};

struct Task {
    std::int64_t arrives_ms = 0;
    std::size_t policy = 0, site = 0;
    bool is_federated = false;
    LoadJob job{};
};

struct Forecasted {
    std::size_t id = 0;
    federation::StartForecast forecast{};
    std::int64_t slurm_ms = 0;  // the start that the scheduler told first; 0: it told none
};

class Experiment {
  public:
    Experiment(ExperimentForm form, Centres& centres);
    // each_tick: after each look.
    Status run(const std::function<void()>& each_tick = {});

    const ExperimentForm& form() const { return form_; }
    const std::vector<Task>& tasks() const { return tasks_; }  // by id
    const std::vector<Forecasted>& forecasts() const { return forecasts_; }
    std::int64_t at_once() const { return at_once_; }
    std::int64_t ended_ms() const { return ended_ms_; }

  private:
    std::size_t sites() const { return form_.nodes.size(); }
    void make_tasks();
    Status submit_due();
    Status look_and_learn();
    void learn(std::size_t id);
    void forecast_waiting(std::size_t centre);
    void note_expectation(std::size_t id, std::int64_t expected_ms);
    std::size_t choose(const Task& task, Policy policy);
    std::size_t shortest(std::size_t first) const;
    federation::StartForecaster& forecaster_of(std::size_t centre) {
        return forecasters_[form_.is_one_history ? 0 : centre];
    }
    std::int64_t predicted_ms(std::size_t centre, const LoadJob& job);
    bool all_started() const;

    ExperimentForm form_;
    Centres& centres_;
    std::vector<Task> tasks_{};
    std::vector<std::size_t> centre_of_{};
    std::size_t next_ = 0;
    std::vector<CentreView> views_{};
    std::vector<federation::StartForecaster> forecasters_{};
    std::set<std::size_t> open_{};            // submitted, not seen to have ended
    std::vector<std::size_t> forecast_of_{};  // place in forecasts_, plus one; 0: not looked at yet
    std::vector<bool> start_known_{};
    std::vector<Forecasted> forecasts_{};
    std::vector<std::size_t> turns_{};
    std::int64_t at_once_ = 0, ended_ms_ = 0;
};

}  // namespace euromesh::bench
