#include "federation/placement/assignment.hpp"

#include <doctest/doctest.h>

#include "federation/placement/assignment_for_test.hpp"

namespace euromesh::federation {
namespace {

// Half of them with items alike, a third with room enough for nearly all.
AssignmentProblem small_problem(std::uint64_t seed) {
    const RandomProblem of{.items = 6 + seed % 10,
                           .shapes = seed % 2 == 0 ? 4U : 12U,
                           .resources = 3 + seed % 4,
                           .tightness = seed % 3 == 0 ? 0.95 : 0.6};
    return random_problem(seed, of);
}

// None of ours is below its optimum, so that equal sums mean that each is the optimum. Two hundred instances
// in parts, so that each part is short.
void compare_with_cbc(std::uint64_t first) {
    int proved = 0;
    for (std::uint64_t batch = first; batch < first + 20; batch += 5) {
        CAPTURE(batch);
        std::vector<AssignmentProblem> problems;
        std::int64_t ours = 0;
        std::int64_t bounds = 0;
        for (std::uint64_t seed = batch; seed < batch + 5; ++seed) {
            problems.push_back(small_problem(seed));
            const Assignment solved = solve(problems.back(), AssignmentLimits{});
            room_left(problems.back(), solved.option);
            CHECK(solved.cost == cost_of(problems.back(), solved.option));
            CHECK((solved.proved ? solved.bound == solved.cost : solved.bound < solved.cost));
            ours += solved.cost;
            bounds += solved.bound;
            proved += solved.proved ? 1 : 0;
        }
        const std::int64_t optimum = optimum_by_cbc(joined(problems));
        CHECK(ours == optimum);
        CHECK(bounds <= optimum);
    }
    CHECK(proved >= 18);
}

// Beyond the proof's size: what moves and ejections reach, against what the search proves.
TEST_CASE("the heuristic alone stays near the optimum, and its bound below it") {
    AssignmentLimits heuristic_only;
    heuristic_only.exact_items = 0;
    std::int64_t found = 0;
    std::int64_t least = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        const AssignmentProblem problem = small_problem(seed);
        const Assignment exact = solve(problem, AssignmentLimits{});
        const Assignment heuristic = solve(problem, heuristic_only);
        room_left(problem, heuristic.option);
        CHECK(heuristic.bound <= exact.cost);
        CHECK(heuristic.cost >= exact.cost);
        CHECK((!heuristic.proved || heuristic.cost == exact.cost));
        found += heuristic.cost;
        least += exact.cost;
    }
    CHECK(static_cast<double>(found) < 1.02 * static_cast<double>(least));
}

TEST_CASE("an item keeps what it has, or gets what costs no more") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        AssignmentProblem problem = small_problem(seed);
        const Assignment before = solve(problem, AssignmentLimits{});
        for (std::size_t i = 0; i < problem.items.size(); i += 2) problem.items[i].has = before.option[i];
        for (AssignmentItem& item : problem.items)
            item.unplaced = item.has < 0 ? item.unplaced * 3 : item.unplaced;
        for (const std::size_t exact_items : {std::size_t{0}, std::size_t{40}}) {
            AssignmentLimits limits;
            limits.exact_items = exact_items;
            const Assignment after = solve(problem, limits);
            room_left(problem, after.option);
            for (std::size_t i = 0; i < problem.items.size(); ++i) {
                const std::int32_t has = problem.items[i].has;
                if (has < 0) continue;
                REQUIRE(after.option[i] >= 0);
                CHECK(problem.options[static_cast<std::size_t>(after.option[i])].cost <=
                      problem.options[static_cast<std::size_t>(has)].cost);
            }
        }
    }
}

TEST_CASE("the independent solver finds nothing better: instances 0 to 19") {
    compare_with_cbc(0);
}
TEST_CASE("the independent solver finds nothing better: instances 20 to 39") {
    compare_with_cbc(20);
}
TEST_CASE("the independent solver finds nothing better: instances 40 to 59") {
    compare_with_cbc(40);
}
TEST_CASE("the independent solver finds nothing better: instances 60 to 79") {
    compare_with_cbc(60);
}
TEST_CASE("the independent solver finds nothing better: instances 80 to 99") {
    compare_with_cbc(80);
}
TEST_CASE("the independent solver finds nothing better: instances 100 to 119") {
    compare_with_cbc(100);
}
TEST_CASE("the independent solver finds nothing better: instances 120 to 139") {
    compare_with_cbc(120);
}
TEST_CASE("the independent solver finds nothing better: instances 140 to 159") {
    compare_with_cbc(140);
}
TEST_CASE("the independent solver finds nothing better: instances 160 to 179") {
    compare_with_cbc(160);
}
TEST_CASE("the independent solver finds nothing better: instances 180 to 199") {
    compare_with_cbc(180);
}

}  // namespace
}  // namespace euromesh::federation
