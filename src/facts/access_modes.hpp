// Ways to get time on public machines: how much, how long the answer takes, how often one may ask.
//
// Times are calendar days; cutoffs_per_year of 365 means at any time. Unknown is nullopt. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

struct AccessMode {
    std::string id = {};
    std::string name = {};
    std::string track = {};
    std::string who = {};
    std::string unit = {};  // of the allocation: "GPU h", "node h", "percent of capacity"
    std::optional<double> allocation_min = {};
    std::optional<double> allocation_max = {};
    std::optional<double> review_days = {};
    std::optional<double> cutoffs_per_year = {};
    std::optional<double> allocation_months = {};
    std::optional<std::string> price = {};
    Source source = {};
    std::string evidence = {};
    std::string note = {};
};

const TableKind<AccessMode>& access_modes_table();
Result<std::vector<AccessMode>> load_access_modes(const FactFiles& files);

}  // namespace euromesh::facts
