// The tables of an experiment.
#pragma once

#include "bench/forecast/experiment.hpp"

namespace euromesh::bench {

// unit: what one of the printed time units is in milliseconds, and its name.
struct Unit {
    double ms = 1000;
    const char* name = "s";
};

void print_forecasts(const Experiment& experiment, const Centres& centres, const Unit& unit);
// Mean wait and bounded slowdown max(1, (wait + run) / max(run, tau)) of federated and of local jobs.
void print_placement(const Experiment& experiment, const Centres& centres, const Unit& unit,
                     std::int64_t tau_ms);

}  // namespace euromesh::bench
