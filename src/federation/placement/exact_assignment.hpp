// The proof for small rounds: depth-first search that ends with the cheapest assignment, or with its budget.
//
// An item's surplus is what its choice costs above its cheapest at the given prices. The bound of a partial
// assignment is the root's bound plus the surpluses so far, so that a choice whose surplus reaches the gap is
// never part of a better assignment. Items of equal shape choose in one order (their permutations are equal).
// The budget is counted in nodes, not in time, so that every machine ends with the same answer.
#pragma once

#include <cstdint>

#include "federation/placement/assignment.hpp"
#include "federation/placement/prices.hpp"

namespace euromesh::federation {

// Improves `best` (which fits) and, when the search ends by itself, raises its bound to its cost and marks it
// as proved.
void search_exactly(const AssignmentProblem& problem, const Prices& prices, std::int64_t nodes,
                    Assignment& best);

}  // namespace euromesh::federation
