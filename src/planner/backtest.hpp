// How well the planner would have predicted the runs that were published.
//
// Every published run with FLOP and accelerator hours is predicted from all others on the same architecture:
// hours = FLOP / (peak x median whole-job MFU of the others), so that no run predicts itself. Distributed
// runs also pass through efficiency_of. What can't be predicted is listed with the reason. Pure; allocates.
// docs/models/backtest.md has the figures and limits. Units: accelerator hours, days.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "facts/accelerators.hpp"
#include "facts/training_runs.hpp"
#include "planner/efficiency.hpp"

namespace euromesh::planner {

struct Prediction {
    double central = 0;  // by the median MFU of the others
    double low = 0;      // by the best of the others
    double high = 0;     // by the worst
};

struct RunBacktest {
    std::string id = {};
    std::string model = {};
    std::string accelerator = {};
    facts::Source source = {};
    std::optional<double> reported_hours = {};
    std::optional<double> reported_days = {};
    std::optional<double> own_mfu = {};      // whole-job, from its own hours
    std::size_t others = 0;                  // runs that the prediction rests on
    double mfu = 0;                          // their median
    std::optional<double> utilisation = {};  // of a distributed run, by efficiency_of
    std::optional<Prediction> hours = {};    // empty: see reason
    std::optional<double> predicted_days = {};
    bool counted = false;     // in the totals: both sides known, and not only recalled or bounded
    std::string reason = {};  // why not predicted, or why not counted

    double hours_ratio() const { return hours->central / *reported_hours; }  // 1: right; 2: twice too long
    bool covered() const { return hours->low <= *reported_hours && *reported_hours <= hours->high; }
};

// What is known of the exchange of a distributed run: its utilisation was published.
struct ExchangeBacktest {
    std::string name = {};
    std::string run_id = {};  // of the run in training_runs.csv that goes on with this utilisation, or empty
    std::string given = {};   // "exchange time" or "line"
    double reported = 0;      // utilisation
    double predicted = 0;
    double reported_exchange_s = 0;
    double predicted_exchange_s = 0;
    facts::Source source = {};
    std::string note = {};
};

struct Backtest {
    std::vector<RunBacktest> runs = {};  // predicted ones first, in the order of the table
    std::vector<ExchangeBacktest> exchanges = {};
    std::size_t counted = 0;
    double median_ratio = 0;           // predicted / reported hours of those counted
    double median_absolute_error = 0;  // of |ratio - 1|
    double worst_ratio = 0;            // the one farthest from 1 by factor
    double covered = 0;                // share whose hours lie between the best and the worst of the others
};

Backtest backtest(std::span<const facts::TrainingRun> runs, std::span<const facts::Accelerator> accelerators);

Json to_json(const Backtest& backtest);

}  // namespace euromesh::planner
