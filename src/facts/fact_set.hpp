// Everything that is known about the world, read and checked against itself.
//
// load_facts() gives all tables or the first thing that is wrong; check_facts() goes on and names everything
// that is wrong. Across files: accelerators, systems, factories and countries that are referred to exist,
// under the same name. Plain values; reading is pure but for the files.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "facts/accelerators.hpp"
#include "facts/access_modes.hpp"
#include "facts/ai_factories.hpp"
#include "facts/costs.hpp"
#include "facts/countries.hpp"
#include "facts/energy.hpp"
#include "facts/fact_files.hpp"
#include "facts/grid_leads.hpp"
#include "facts/network.hpp"
#include "facts/systems.hpp"
#include "facts/training_runs.hpp"

namespace euromesh::facts {

struct FactSet {
    std::vector<System> systems = {};
    std::vector<Accelerator> accelerators = {};
    std::vector<AiFactory> ai_factories = {};
    std::vector<CountryEnergy> energy = {};
    std::vector<Country> countries = {};
    std::vector<GridLead> grid_leads = {};
    std::vector<Cost> costs = {};
    std::vector<TrainingRun> training_runs = {};
    std::vector<Link> links = {};
    std::vector<AccessMode> access_modes = {};
};

struct FileRows {
    std::string file = {};  // "systems.csv"
    std::size_t rows = 0;
};

struct CheckedFacts {
    FactSet facts = {};  // of use only when there are no problems
    std::vector<FileRows> files = {};
    Problems problems = {};
};

CheckedFacts check_facts(const FactFiles& files);

// bad_input: the first problem, with its place.
Result<FactSet> load_facts(const FactFiles& files);

}  // namespace euromesh::facts
