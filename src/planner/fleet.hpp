// From a scenario and the facts to the machines that take part, and what is known of each.
//
// Chooses systems by status, country and name, adds the sites to be built, gives every one its rate, dates,
// power and prices with their sources (figures of the Trace), leaves out what a replica of the model does not
// fit, and what would cost the others more than it adds. Pure. docs/models/fleet.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "facts/fact_set.hpp"
#include "planner/figure.hpp"
#include "planner/plan_model.hpp"
#include "planner/scenario.hpp"

namespace euromesh::planner {

// One system or site to be built, as people ask about it. `unit` counts in PlanModel::units; a site without a
// unit cannot take part, and why_not says why.
struct FleetSite {
    std::string id;
    std::string name;
    std::string place;
    std::string country;
    std::optional<double> lat;
    std::optional<double> lon;
    std::string status;  // as in systems.csv, or "to build"
    std::string online;  // as published; empty: unknown
    std::string retire;
    std::string accelerator;
    double cards = 0;
    double peak_flop_per_s = 0;  // of all its cards
    double capital_euros = 0;    // of the share that takes part; for sites to build with their buildings
    std::optional<std::size_t> unit;
    std::string why_not;
    facts::Grade grade = facts::Grade::c;
};

struct Fleet {
    std::vector<FleetSite> sites;
    PlanModel model;
    Trace trace;
};

// bad_input: an unknown country, system, accelerator or grid row; a site to be built whose accelerator has no
// published rate.
Result<Fleet> make_fleet(const Scenario& scenario, const facts::FactSet& facts);

// Ids of a site's figures: "system.lumi-g.rate".
std::string figure_id(const FleetSite& site, std::string_view what);

}  // namespace euromesh::planner
