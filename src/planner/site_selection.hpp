// How many of the sites that could take part should, and how often they exchange.
//
// One more site adds its rate and makes exchanges longer and the convergence penalty larger for all, so the
// useful rate has a best number of sites; a faster fleet must exchange less often. Pure.
// docs/models/fleet.md.
#pragma once

#include <cstddef>
#include <vector>

#include "planner/plan_model.hpp"

namespace euromesh::planner {

// H is taken from these where the scenario leaves it open.
inline constexpr double inner_step_choices[] = {25, 50, 100, 200, 400, 800, 1600};

struct Selection {
    double inner_steps = 0;  // H
    std::size_t sites = 0;   // the first of `rates`
    double useful = 0;       // FLOP/s
};

// rates: FLOP/s of the sites that could take part, largest first. inner_steps 0: the best of the choices.
// most 0: no limit. Central values decide.
Selection select_sites(const PlanModel& model, const std::vector<double>& rates, double inner_steps,
                       std::size_t most);

}  // namespace euromesh::planner
