// The published headline for a terminal and as JSON.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "planner/headline_checks.hpp"
#include "planner/headline_trace.hpp"

namespace euromesh::apps {

struct HeadlineRow {
    planner::HeadlineParameters parameters = {};
    planner::HeadlineResult result = {};
    planner::Trace trace = {};
};

// `checked`: the name of the scenario that the checks move; `published`: it is the published baseline.
struct HeadlineAnswer {
    std::vector<HeadlineRow> rows = {};
    std::string checked = {};
    bool published = false;
    planner::HeadlineChecks checks = {};
};

// The table and what checking it shows.
std::string in_words(const HeadlineAnswer& answer);
// Every row's gap, or its months where there is none, with formulas and values down to the parameters.
std::string explained(const HeadlineAnswer& answer);
// {"scenarios": [{"name", "mesh": {"month", "date", "power_mw", "energy_gwh"}, "campus", "gap_months",
// "efficiency", "series", "figures"}], "checks"}; a month or gap that there is not is null.
Json to_json(const HeadlineAnswer& answer);

}  // namespace euromesh::apps
