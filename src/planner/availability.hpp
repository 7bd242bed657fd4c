// What share of the calendar a site really computes for a run.
//
// Lost: waiting in the batch queue between allocations, the start of each, maintenance, checkpoints, and what
// is computed again after a failure. Pure function of doubles, no allocation. docs/models/availability.md.
// Units: hours and seconds as named.
#pragma once

#include "planner/figure.hpp"

namespace euromesh::planner {

struct AvailabilityInputs {
    double wall_time_h = 24;  // longest allocation
    double queue_h = 36;      // from submission to start
    double chained = 0;       // 0..1: fraction of the queue hidden by asking before the last allocation ends
    bool reserved = false;    // no queue, no end of the allocation
    double maintenance_fraction = 0.03;
    double restart_s = 600;  // from the start of a job to its first step
    double accelerators = 1000;
    double mean_time_between_failures_h = 45.6;  // of 1,000 accelerators
    double checkpoint_interval_s = 0;            // 0: Young's optimum
    double checkpoint_write_s = 60;              // during which nothing is computed
};

// In [0, 1].
double availability_of(const AvailabilityInputs& inputs);

// Young 1974, Daly 2006: sqrt(2 x write x mean time between failures), seconds.
double best_checkpoint_interval_s(double write_s, double mean_time_between_failures_s);
// Fraction of the time that is left between checkpoints, lost work and restarts; in [0, 1].
double checkpoint_efficiency(double interval_s, double write_s, double restart_s,
                             double mean_time_between_failures_s);

// Writes the parts, ids "availability.*".
void describe_availability(Trace& trace, const AvailabilityInputs& inputs);

}  // namespace euromesh::planner
