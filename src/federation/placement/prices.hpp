// Prices of scarce resources, and the bound that they prove.
//
// For any prices >= 0 the sum over items of the cheapest of (option + price of what it takes, unplaced),
// minus the price of all capacity, is no more than the cost of any assignment that fits. Subgradient steps
// raise prices where too much is asked for and lower them elsewhere (Held, Wolfe, Crowder 1974).
// Deterministic.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/placement/assignment.hpp"

namespace euromesh::federation {

struct Prices {
    std::vector<double> of{};  // by resource
    double bound = 0;          // before rounding; what follows from `of`
};

// known: an assignment that fits. Its cost sets the length of the steps, and what its items gain on scarce
// resources is where the prices begin.
Prices price_resources(const AssignmentProblem& problem, int steps, const std::vector<std::int32_t>& known);

// Cost of an option with what it takes at these prices. prefix: running sums of the prices, one longer.
std::vector<double> price_prefix(const std::vector<double>& prices);
inline double priced_cost(const AssignmentProblem& problem, const AssignmentOption& option,
                          const std::vector<double>& prefix) {
    auto cost = static_cast<double>(option.cost);
    for (std::uint32_t p = option.piece_begin; p < option.piece_end; ++p) {
        const AssignmentPiece& piece = problem.pieces[p];
        cost += static_cast<double>(piece.amount) * (prefix[piece.first + piece.count] - prefix[piece.first]);
    }
    return cost;
}

// What rounding in doubles may have added to a bound, generously.
double bound_slack(const AssignmentProblem& problem, double bound);
// The greatest integer that the bound still proves in spite of that.
std::int64_t safe_bound(const AssignmentProblem& problem, double bound);

}  // namespace euromesh::federation
