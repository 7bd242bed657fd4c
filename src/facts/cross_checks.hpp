// What must hold between tables, and between the columns of one table, beyond each field being well-formed.
//
// References: what is named exists. Arithmetic: a figure that can be computed from others is what they give,
// so that a mistyped digit is found. Tables that could not be read are passed over: what is wrong with them
// was told already. Pure.
#pragma once

#include "facts/accelerators.hpp"
#include "facts/access_modes.hpp"
#include "facts/ai_factories.hpp"
#include "facts/costs.hpp"
#include "facts/countries.hpp"
#include "facts/energy.hpp"
#include "facts/grid_leads.hpp"
#include "facts/network.hpp"
#include "facts/systems.hpp"
#include "facts/training_runs.hpp"

namespace euromesh::facts {

struct FactTables {
    Table<System> systems = {};
    Table<Accelerator> accelerators = {};
    Table<AiFactory> ai_factories = {};
    Table<CountryEnergy> energy = {};
    Table<Country> countries = {};
    Table<GridLead> grid_leads = {};
    Table<Cost> costs = {};
    Table<TrainingRun> training_runs = {};
    Table<Link> links = {};
    Table<AccessMode> access_modes = {};
};

// Accelerators of systems and runs (or "none" of systems), systems and factories of factories, countries of
// systems, electricity and factories.
void check_references(const FactTables& tables, Problems& problems);

// systems: count = nodes x accelerators a node; peak and memory are those of the accelerator (1 %).
// ai_factories: the host country takes part. costs: eur_central is the central value in EUR (0.1 %, at the
// rate of the row fx-usd). training_runs: 6ND (2 %), derived MFU = FLOP / (hours x dense BF16 peak) (1 %).
// network: great-circle distance (1 %, 2 km), round trips by the rule rtt-rule (0.06 ms).
void check_arithmetic(const FactTables& tables, Problems& problems);

}  // namespace euromesh::facts
