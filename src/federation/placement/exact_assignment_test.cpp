#include "federation/placement/exact_assignment.hpp"

#include <doctest/doctest.h>

#include "federation/placement/assignment_for_test.hpp"

namespace euromesh::federation {
namespace {

// Every assignment, one by one.
std::int64_t least_cost(const AssignmentProblem& problem, std::size_t item, std::vector<std::int64_t>& room) {
    if (item == problem.items.size()) return 0;
    const AssignmentItem& of = problem.items[item];
    std::int64_t best = 1'000'000'000'000;  // not possible
    if (of.has < 0) best = of.unplaced + least_cost(problem, item + 1, room);
    for (std::uint32_t o = problem.shapes[of.shape].begin; o < problem.shapes[of.shape].end; ++o) {
        const AssignmentOption& option = problem.options[o];
        if (of.has >= 0 && option.cost > problem.options[static_cast<std::size_t>(of.has)].cost) continue;
        const AssignmentPiece& piece = problem.pieces[option.piece_begin];
        bool fits = true;
        for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r)
            fits = (room[r] -= piece.amount) >= 0 && fits;
        if (fits) best = std::min(best, option.cost + least_cost(problem, item + 1, room));
        for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) room[r] += piece.amount;
    }
    return best;
}

std::vector<std::int32_t> nothing(const AssignmentProblem& problem) {
    return std::vector<std::int32_t>(problem.items.size(), -1);
}

Assignment searched(const AssignmentProblem& problem, std::vector<std::int32_t> from, std::int64_t nodes) {
    Assignment best{std::move(from), 0, 0, false};
    best.cost = cost_of(problem, best.option);
    const Prices prices = price_resources(problem, 50, best.option);
    search_exactly(problem, prices, nodes, best);
    return best;
}

TEST_CASE("the search finds what trying everything finds, from nothing") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        const AssignmentProblem problem =
            random_problem(seed, {.items = 6, .shapes = 1 + seed % 5, .resources = 3});
        std::vector<std::int64_t> room = problem.capacity;
        const Assignment best = searched(problem, nothing(problem), 10'000'000);
        CHECK(best.proved);
        CHECK(best.cost == least_cost(problem, 0, room));
        CHECK(best.bound == best.cost);
        room_left(problem, best.option);
    }
}

TEST_CASE("who has a place keeps one that costs no more") {
    int kept = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        AssignmentProblem problem = random_problem(seed, {.items = 6, .shapes = 3, .resources = 3});
        std::vector<std::int32_t> from = nothing(problem);
        const AssignmentShape& shape = problem.shapes[problem.items[2].shape];
        if (shape.begin == shape.end) continue;
        from[2] = problem.items[2].has = static_cast<std::int32_t>(shape.end - 1);
        std::vector<std::int64_t> room = problem.capacity;
        const Assignment best = searched(problem, from, 10'000'000);
        CHECK(best.cost == least_cost(problem, 0, room));
        REQUIRE(best.option[2] >= 0);
        ++kept;
    }
    CHECK(kept > 30);
}

TEST_CASE("a budget that ends first proves nothing, and neither do options that are not listed") {
    AssignmentProblem problem = random_problem(1, {.items = 8, .shapes = 8, .resources = 3});
    CHECK_FALSE(searched(problem, nothing(problem), 3).proved);
    problem.shapes[problem.items[0].shape].dropped_cost = 0;
    CHECK_FALSE(searched(problem, nothing(problem), 10'000'000).proved);
}

}  // namespace
}  // namespace euromesh::federation
