// What share of a federation's compute becomes progress of the model.
//
// total = utilisation x (1 - straggler) / (penalty x batch_penalty). Pure functions of plain structs, no
// allocation: called in the innermost loop of the Monte Carlo. Any thread. docs/models/efficiency.md.
//
// Invariants: utilisation and total are in [0, 1], both penalties at least 1; one site exchanges nothing,
// waits for nobody and pays no convergence penalty; total never rises with sites, payload, round trip,
// straggler or penalty_scale, and never falls with the line or the overlap.
#pragma once

#include "planner/convergence.hpp"
#include "planner/figure.hpp"
#include "planner/wan.hpp"

namespace euromesh::planner {

struct RunShape {                            // what the scenario fixes
    double parameters = 0;                   // N, total: what is exchanged
    double active_parameters = 0;            // what computes for a token; the same as N in a dense model
    double batch_tokens = 0;                 // global tokens per inner step, all sites together
    double inner_steps = 100;                // H
    double overlap_steps = 0;                // tau: inner steps during which an exchange may be hidden
    double payload_bytes_per_parameter = 1;  // payload_of(codec)
    Topology topology = Topology::ring;
    double training_tokens = 0;         // D, for the critical batch; 0: 20 a parameter
    double reference_batch_tokens = 0;  // the batch for which the target FLOP was budgeted; 0: none
};

struct Conditions {              // what is uncertain
    double wan_bytes_per_s = 0;  // one site's usable stream
    double round_trip_s = 0;
    double straggler = 0;      // fraction of a round lost by waiting for slower sites
    double penalty_scale = 0;  // 0 optimistic, 1 central, 2 pessimistic: convergence_penalty()
};

struct Efficiency {
    double utilisation = 1;    // compute time over round time
    double penalty = 1;        // more compute for the same loss, because sites exchange rarely
    double batch_penalty = 1;  // more tokens, because the batch is large
    double total = 1;
    double exchange_s = 0;  // one exchange
    double exposed_s = 0;   // the part that is not hidden behind compute
    double round_s = 0;     // H inner steps and the exposed part, without straggler
};

// `flop_per_s`: what all sites together really compute (count x peak x MFU), above 0. sites >= 1.
Efficiency efficiency_of(const RunShape& shape, const Conditions& conditions, double sites,
                         double flop_per_s);

// The same with what the shape alone decides worked out before: for loops.
struct PreparedShape {
    RunShape shape = {};
    GapTerms gap = {};
    double payload_bytes = 0;
    double batch_penalty = 1;
};
PreparedShape prepare(const RunShape& shape);
Efficiency efficiency_of(const PreparedShape& prepared, const Conditions& conditions, double sites,
                         double flop_per_s);

// Writes the central case with all that it rests on: ids "efficiency.*". A figure that is there already, from
// the caller or from a measurement, is kept. `found` in place of the formula's result.
void describe_efficiency(Trace& trace, const RunShape& shape, const Conditions& conditions, double sites,
                         double flop_per_s, const Efficiency& found);
void describe_efficiency(Trace& trace, const RunShape& shape, const Conditions& conditions, double sites,
                         double flop_per_s);

}  // namespace euromesh::planner
