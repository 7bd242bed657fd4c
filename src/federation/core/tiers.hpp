// Ways to get time, from the facts about them: data/access_modes.csv.
//
// Only modes whose unit is GPU hours become tiers. A tier is decided at once, by the rules alone, where the
// published process is open all year, its ceiling is 50,000 GPU hours or less and its review takes a week or
// less; all others keep their review time as the clock of our queue: the line to beat. Unknown stays 0 (no
// ceiling, no clock). Pure.
#pragma once

#include <vector>

#include "facts/access_modes.hpp"
#include "facts/countries.hpp"
#include "federation/core/records.hpp"

namespace euromesh::federation {

std::vector<Tier> tiers_from(const std::vector<facts::AccessMode>& modes);

// Members of the EU, and states that take part in the joint undertaking: fills the two lists of a new
// federation.
void fill_countries(FederationRecord& federation, const std::vector<facts::Country>& countries);

}  // namespace euromesh::federation
