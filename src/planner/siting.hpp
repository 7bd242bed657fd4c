// The sites of a scenario as candidates for the siting score: which of them first, by the scenario's weights.
//
// Power is what the share (or the new site) draws, lead time the wait from the first day, price and carbon
// those of the country's grid, capex that of a new building; a site that stands needs none. Sovereignty: 2 in
// the EU, 1 in another participating state of EuroHPC, 0 elsewhere. No site publishes its line: unknown.
// Pure.
#pragma once

#include <vector>

#include "planner/fleet.hpp"
#include "planner/score.hpp"

namespace euromesh::planner {

// Sites that can compute, in the order of the fleet.
std::vector<SitingCandidate> candidates_of(const Fleet& fleet, const facts::FactSet& facts);

}  // namespace euromesh::planner
