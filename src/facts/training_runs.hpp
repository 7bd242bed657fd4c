// Published training runs: what was trained, on what, for how long. The planner's back-tests predict them.
//
// mfu is the fraction of the dense BF16 peak, published or derived from FLOP and accelerator hours.
// Throughput studies have no flop. Unknown is nullopt. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "facts/date.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

struct TrainingRun {
    std::string id = {};
    std::string model = {};
    std::optional<double> params_total_b = {};   // 1e9
    std::optional<double> params_active_b = {};  // 1e9, of a mixture of experts; else nullopt
    std::optional<double> tokens_t = {};         // 1e12
    std::optional<double> flop = {};
    std::optional<std::string> flop_method = {};  // published, 6ND
    std::optional<std::string> accelerator = {};  // id in accelerators.csv
    std::optional<std::int64_t> accelerator_count = {};
    std::optional<double> accel_hours = {};
    std::optional<double> duration_days = {};
    std::optional<double> mfu = {};
    std::optional<std::string> mfu_method = {};  // published, derived ...
    std::string site = {};
    std::optional<std::string> country = {};  // ISO 3166-1 alpha-2, or EU
    std::optional<std::int64_t> distributed_sites = {};
    std::optional<std::string> precision = {};
    std::optional<double> energy_mwh = {};
    std::optional<PartialDate> date = {};
    Source source = {};  // as_of: the date of the run, for the table has no other
    std::string evidence = {};
    std::string note = {};
};

const TableKind<TrainingRun>& training_runs_table();
Result<std::vector<TrainingRun>> load_training_runs(const FactFiles& files);

}  // namespace euromesh::facts
