// One scenario, many targets: from a research model to the frontier, and a frontier that moves away.
//
// Every rung is planned anew, because a larger model may not fit the smaller sites. Pure.
#pragma once

#include <optional>
#include <vector>

#include "planner/plan.hpp"

namespace euromesh::planner {

struct Rung {
    double flop = 0;
    double parameters = 0;
    double sites = 0;  // that take part
    double days = never;
};

// Targets of 20 tokens a parameter (Hoffmann et al. 2022), in the order given.
Result<std::vector<Rung>> ladder(const Scenario& scenario, const facts::FactSet& facts,
                                 const std::vector<double>& targets);

// A target that grows by `growth` a year from `flop` on the scenario's first day.
struct Frontier {
    double flop = 5e26;  // largest training run of early 2026, estimates: 2e26 to 1e27 (grade C)
    double growth = 5;   // a year
};

struct ChaseYear {
    double frontier_flop = 0;  // at the end of the year
    double done_flop = 0;      // by the fleet since the first day
};

struct Chase {
    std::optional<double> caught_days;  // nullopt: not within the horizon
    std::vector<ChaseYear> years;
};

// Sites are those of the frontier's first target.
Result<Chase> chase(const Scenario& scenario, const facts::FactSet& facts, const Frontier& frontier);

}  // namespace euromesh::planner
