// Which systems a scenario means, and from when each can be used.
//
// Pure rules over facts, apart from how the model is put together (fleet.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facts/fact_set.hpp"
#include "planner/rates.hpp"
#include "planner/scenario.hpp"

namespace euromesh::planner {

struct ChosenSystem {
    const facts::System* system = nullptr;  // in the facts
    bool asked_for = false;                 // by its id
};

// In the order of the facts. bad_input: an unknown country or system.
Result<std::vector<ChosenSystem>> choose_systems(const Scenario& scenario, const facts::FactSet& facts);

// nullptr: unknown, or a system without accelerators.
const facts::Accelerator* card_of(const facts::FactSet& facts, const facts::System& system);

// Why it cannot train a model of today, for people; empty when it can.
std::string why_it_cannot_compute(const facts::System& system, const facts::Accelerator* card, bool has_mfu);

// First day of use, in days from the scenario's first; nullopt: it runs already. A system in operation came
// on its published date; without one it is taken to have been there.
std::optional<Spread> first_days(const facts::System& system, const Scenario& scenario);

// Years until a site to be built has power. bad_input: an unknown row of grid_lead_times.csv.
Result<SourcedSpread> build_years(const Build& build, const facts::FactSet& facts, const Scenario& scenario);

}  // namespace euromesh::planner
