// How long a new load waits for its grid connection: years from request to energised.
//
// A region is a country, a place in it, or a group of countries (EU, NORDIC). Rows whose id begins with "us-"
// are there to compare with. Unknown is nullopt. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

enum class LoadClass { large, medium };  // about 1 GW; 20 to 140 MW

struct GridLead {
    std::string id = {};
    std::string region = {};
    std::string country = {};  // ISO 3166-1 alpha-2, EU or NORDIC
    LoadClass load_class = LoadClass::large;
    std::optional<double> load_mw = {};
    std::optional<double> low_years = {};
    double central_years = 0;
    std::optional<double> high_years = {};
    Source source = {};
    std::string evidence = {};
    std::string note = {};
};

std::string_view name_of(LoadClass load_class);

const TableKind<GridLead>& grid_leads_table();
Result<std::vector<GridLead>> load_grid_leads(const FactFiles& files);

}  // namespace euromesh::facts
