// What checking the published headline shows: what moves its gap, and what does not.
//
// Why: the gap between mesh and campus looks like a result about training across sites. Moving the inputs one
// by one shows that it is a result about grid connections alone. Pure functions, any thread. A gap is campus
// month - mesh month; none where one of them has no month.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planner/figure.hpp"
#include "planner/headline.hpp"

namespace euromesh::planner {

// A parameter of Layer 1 (the efficiency of training across sites: equations 4 and 5 and the sites' MFU),
// moved alone over its range.
struct Layer1Sweep {
    std::string id = {};  // its key in the scenario file
    std::string label = {};
    std::string unit = {};
    Range range = {};
    std::string range_from = {};    // "published" or why this range
    double best = 0;                // the end of the range that trains faster
    std::optional<int> moves = {};  // most that the gap changes over the range, in months
};

struct EqualPower {
    int sites = 0;  // the first so many, one per region in turn
    double target_flop = 0;
    std::optional<int> gap = {};
};

struct HeadlineChecks {
    std::vector<Layer1Sweep> layer1 = {};
    std::optional<int> gap_all_best = {};  // every Layer 1 parameter at its best end at once
    std::optional<int> gap_all_worst = {};
    Range campus_lead_years = {};  // tau_mega
    std::optional<int> gap_shortest_lead = {};
    std::optional<int> gap_longest_lead = {};
    std::vector<EqualPower> equal_power = {};
    double on_site_years = 0;  // a campus with its own generators
    std::optional<int> gap_on_site = {};
    double power_ratio = 0;   // all sites against the campus, at full power
    double campus_hours = 0;  // for the whole target, at full power from the start
    double site_days = 0;     // the same at one site, with the efficiency of the mesh
};

// Ranges of Layer 1 parameters that the published scenarios differ in go from `optimistic` to `pessimistic`;
// the others are judgements, told in range_from. `base` is what is moved.
std::vector<Layer1Sweep> layer1_sweeps(const HeadlineParameters& base, const HeadlineParameters& optimistic,
                                       const HeadlineParameters& pessimistic);

HeadlineChecks check_headline(const HeadlineParameters& base, const HeadlineParameters& optimistic,
                              const HeadlineParameters& pessimistic);

// `base` with 6 N D = flop (D follows) and only the first `sites` sites (0: all).
EqualPower equal_power(HeadlineParameters base, int sites, double flop);

}  // namespace euromesh::planner
