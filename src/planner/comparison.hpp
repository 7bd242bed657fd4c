// Two plans side by side: which comes first, by how much, with what odds, and what would turn it round.
//
// Inputs that both plans have, with the same spread, are the same number in every scenario: a moratorium that
// delays one plan's sites delays the other's too. Pure but for the threads of compare().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planner/plan.hpp"

namespace euromesh::planner {

// Plan b with its number of cards changed, so that it draws as much power, or is worth as much, as plan a.
struct Scaled {
    double factor = 1;
    double days = never;      // of b
    double gap_days = never;  // b - a
};

struct Comparison {
    double gap_days = 0;  // b - a, central; +-inf when one is never, NaN when both are
    Odds odds;            // first: a before b
    Outcomes outcomes;    // days of a, days of b
    Sampler sampler;
    std::optional<Scaled> equal_power;  // none when one of them has no power or capital
    std::optional<Scaled> equal_money;
};

Result<Comparison> compare(const Plan& a, const Plan& b, unsigned threads = 0);

// Megawatts of the units that take part, PUE included, all of them there.
double power_mw(const Plan& plan);
// Euros: what the share of cards is worth, for sites to build with their buildings.
double capital_euros(const Plan& plan);

// What would have to be true for the answer to change: for each input (and the share and the target), the
// value nearest to its central one at which the plans tie, all others central. Share and target choose the
// sites anew; the share is that of both plans.
struct Flip {
    std::string id;
    std::string label;
    std::string unit;
    double central = 0;
    Spread spread;
    std::optional<double> tie;  // none: no value of it makes them tie, as far as was looked
    bool within = false;        // the tie is within low..high
};

// Looked at: from low to high, and twice that width beyond on both sides (never below 0).
Result<std::vector<Flip>> flips(const Plan& a, const Plan& b, const facts::FactSet& facts);

}  // namespace euromesh::planner
