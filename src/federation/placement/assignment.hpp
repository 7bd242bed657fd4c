// Items, each with options that cost something and take room of some resources: which option does each take?
//
// The problem under a placement round (a generalised assignment problem), without its words. Items of one
// shape have the same options; an item that takes none costs its `unplaced`. A resource is a partition in one
// slot of time, or a budget. Costs and amounts are integers; prices are doubles used for choosing and for the
// bound only, in a fixed order of operations.
//
// solve() combines three methods. Prices of the resources by subgradient steps on the Lagrangian dual give a
// lower bound that no assignment beats (Fisher 1981). Greedy choice along the prices, then moves and
// ejections, give an assignment. For small problems a depth-first search over reduced costs closes the gap
// and proves it.
//
// Pure, deterministic, any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace euromesh::federation {

// Takes `amount` of each of the resources [first, first + count).
struct AssignmentPiece {
    std::uint32_t first = 0;
    std::uint32_t count = 1;
    std::int64_t amount = 0;
};

struct AssignmentOption {
    std::int64_t cost = 0;
    std::uint32_t piece_begin = 0;
    std::uint32_t piece_end = 0;
};

// Options [begin, end) by rising cost. Options that are not listed cost at least dropped_cost.
struct AssignmentShape {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::int64_t dropped_cost = std::numeric_limits<std::int64_t>::max();
};

struct AssignmentItem {
    std::uint32_t shape = 0;
    std::int64_t unplaced = 0;  // dearer or equally dear options are not taken
    std::int64_t urgency = 0;   // the lower, the earlier it chooses among equals
    // An option that the item has already: it keeps it or gets one that costs no more. -1: none.
    std::int32_t has = -1;
};

struct AssignmentProblem {
    std::vector<std::int64_t> capacity{};
    std::vector<AssignmentPiece> pieces{};
    std::vector<AssignmentOption> options{};
    std::vector<AssignmentShape> shapes{};
    std::vector<AssignmentItem> items{};
};

struct AssignmentLimits {
    int price_steps = 80;
    int improvement_passes = 3;
    std::size_t ejection_items = 2000;  // problems beyond this do without ejections
    std::size_t exact_items = 40;       // and beyond this without the proof
    std::int64_t exact_nodes = 200'000;
};

struct Assignment {
    std::vector<std::int32_t> option{};  // by item; -1: none
    std::int64_t cost = 0;               // of all items
    std::int64_t bound = 0;              // no assignment costs less
    bool proved = false;                 // cost == least possible
};

// The options that items have already must fit together. Options that would not fit even alone must not be
// listed: they would loosen the bound.
Assignment solve(const AssignmentProblem& problem, const AssignmentLimits& limits);

// What is left of each resource. An assertion fails when an assignment takes more than there is.
std::vector<std::int64_t> room_left(const AssignmentProblem& problem,
                                    const std::vector<std::int32_t>& option);
std::int64_t cost_of(const AssignmentProblem& problem, const std::vector<std::int32_t>& option);

}  // namespace euromesh::federation
