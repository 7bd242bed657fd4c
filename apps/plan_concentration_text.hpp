// Concentration of compute for a terminal and as JSON.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "planner/concentration.hpp"

namespace euromesh::apps {

struct ConcentrationAnswer {
    facts::FactSet facts = {};
    planner::CountedCompute counted = {};
    planner::Concentration today = {};
    planner::Concentration together = {};  // of the same countries
    double share = 0;
    std::string set = {};
    std::vector<std::string> statuses = {};
};

std::string in_words(const ConcentrationAnswer& answer);
// {"countries_counted", "statuses", "share", "grade", "systems", "uncounted", "today": {"exaflops", "hhi",
// "hhi_points", "equal_countries", "gini_countries", "gini_heads", "largest", "largest_three",
// "largest_five"}, "federation": the same, "countries": [{"country", "name", "population", "exaflops",
// "share", "flops_per_head", "federation_exaflops", "federation_flops_per_head"}], "sources"}
Json to_json(const ConcentrationAnswer& answer);

}  // namespace euromesh::apps
