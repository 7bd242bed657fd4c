#include "federation/placement/prices.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "federation/placement/assignment_for_test.hpp"

namespace euromesh::federation {
namespace {

// One place for two items that would gain 90 and 60 there: a price of 60 to 90 proves a cost of 110.
TEST_CASE("the price of a single place is what the loser would have gained") {
    AssignmentProblem problem;
    problem.capacity = {1};
    problem.pieces = {{0, 1, 1}};
    problem.options = {{10, 0, 1}};
    problem.shapes = {{0, 1}};
    problem.items = {{.shape = 0, .unplaced = 100}, {.shape = 0, .unplaced = 70}};
    const Prices prices = price_resources(problem, 200, {0, -1});
    CHECK(prices.of[0] >= 59);
    CHECK(prices.of[0] <= 91);
    CHECK(std::abs(prices.bound - 80) < 1);
    CHECK(safe_bound(problem, 80.0) == 80);
    CHECK(safe_bound(problem, 79.5) == 80);
    CHECK(price_resources(problem, 0, {0, -1}).bound == 20);
}

TEST_CASE("any number of steps proves no more than there is, and more steps never less") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        CAPTURE(seed);
        const AssignmentProblem problem = random_problem(seed, {.items = 8, .shapes = 8, .resources = 4});
        const Assignment best = solve(problem, AssignmentLimits{});
        double last = -1e300;
        for (const int steps : {0, 5, 50, 200}) {
            const Prices prices = price_resources(problem, steps, best.option);
            for (const double price : prices.of) CHECK(price >= 0);
            CHECK(safe_bound(problem, prices.bound) <= best.cost);
            CHECK(prices.bound >= last);
            last = prices.bound;
        }
    }
}

TEST_CASE("options that are not listed hold the bound down") {
    AssignmentProblem problem;
    problem.capacity = {1};
    problem.pieces = {{0, 1, 1}};
    problem.options = {{10, 0, 1}};
    problem.shapes = {{.begin = 0, .end = 1, .dropped_cost = 15}};
    problem.items = {{.shape = 0, .unplaced = 100}, {.shape = 0, .unplaced = 70}};
    CHECK(price_resources(problem, 200, {0, -1}).bound <= 30);
}

}  // namespace
}  // namespace euromesh::federation
