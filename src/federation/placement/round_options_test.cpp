#include "federation/placement/round_options.hpp"

#include <doctest/doctest.h>

#include <set>

#include "federation/placement/rounds_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("workloads that differ in id, class and submission only are of one shape") {
    PlacementRound round = two_sites();
    for (const char* id : {"a", "b", "c", "d", "e", "f"}) round.workloads.push_back(workload_for_test(id, 4));
    round.workloads[1].work_class = WorkClass::service;
    round.workloads[1].submitted_ms = 1;
    round.workloads[2].gpus = 3;
    round.workloads[3].data = {{"d", "alpha", 1}};
    round.workloads[4].owner = "fi";
    round.workloads[5].deadline_ms = 5;
    const RoundIndex index(round);
    const ShapeTable table = shapes_of(index);
    CHECK(table.of == std::vector<std::uint32_t>{0, 0, 1, 2, 3, 4});
    CHECK(table.example == std::vector<std::uint32_t>{0, 2, 3, 4, 5});
}

struct Built {
    explicit Built(PlacementRound of, std::size_t keep = 100, const std::string* owner = nullptr,
                   const std::vector<OptionMember>& must_list = {})
        : round(std::move(of)), index(round), builder(index, problem, keep) {
        problem.capacity = index.capacity();
        outlook = builder.add_shape(index.facts_of(round.workloads[0]), owner, must_list);
    }
    PlacementRound round;
    RoundIndex index;
    AssignmentProblem problem{};
    OptionBuilder builder;
    ShapeOutlook outlook{};
};

PlacementRound with_steps() {
    PlacementRound round = two_sites();
    round.sites[0].partitions[0].capacity = {{0, 2}, {test_now + test_hour, 8}};
    round.workloads = {workload_for_test("w", 4)};
    return round;
}

// H100 of alpha has room in an hour, the MI250 now at half the rate, beta now.
TEST_CASE("options are the places with room, cheapest first, weighted by GPUs") {
    const Built built(with_steps());
    REQUIRE(built.problem.options.size() == 3);
    const auto partition = [&built](std::int32_t option) {
        return built.builder.members_begin(option)->partition;
    };
    CHECK(partition(0) == 2);
    CHECK(std::set<std::uint32_t>{partition(1), partition(2)} == std::set<std::uint32_t>{0, 1});
    for (std::int32_t o = 0; o < 3; ++o) {
        const OptionMember& member = *built.builder.members_begin(o);
        CHECK(built.builder.members_end(o) == &member + 1);
        const AssignmentOption& option = built.problem.options[static_cast<std::size_t>(o)];
        CHECK(option.cost == weighted_cost(member.score_ms, 4));
        CHECK(built.problem.pieces[option.piece_begin].amount == 4);
        CHECK(built.builder.option_at(0, member) == o);
    }
    CHECK(built.outlook.possible);
    CHECK(built.outlook.cheapest_cost == built.problem.options[0].cost);
    CHECK(built.problem.shapes[0].dropped_cost == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("beyond the number to keep, the cheapest that is left out is told, and what must be listed is") {
    const Built all(with_steps());
    const Built two(with_steps(), 2);
    CHECK(two.problem.options.size() == 2);
    CHECK(two.problem.shapes[0].dropped_cost == all.problem.options[2].cost);
    const Built kept(with_steps(), 1, nullptr, {*all.builder.members_begin(2)});
    REQUIRE(kept.problem.options.size() == 2);
    CHECK(kept.problem.options[1].cost == all.problem.options[2].cost);
    CHECK(kept.problem.shapes[0].dropped_cost == all.problem.options[1].cost);
}

TEST_CASE("an owner's plan sees only the sites that it owns a part of") {
    PlacementRound round = with_steps();
    round.sites[1].shares = {{"it", 400}, {"ju", 600}};
    round.sites[0].shares = {{"ju", 0}};
    const std::string owner = "ju";
    const Built built(round, 100, &owner);
    REQUIRE(built.problem.options.size() == 1);
    CHECK(built.builder.members_begin(0)->partition == 2);
}

TEST_CASE("a claim takes every slot that it touches, and the budget in one piece") {
    PlacementRound round = with_steps();
    round.budgets = {{"b", 100'000}};
    round.workloads[0].budget = "b";
    round.workloads[0].gpus = 2;
    round.workloads[0].duration_ms = 2 * test_hour;
    round.workloads[0].preferred_sites = {"alpha"};
    round.workloads[0].rates = {{"h100", 1000}};
    const Built built(round);
    REQUIRE(built.problem.options.size() == 2);
    const AssignmentOption& now = built.problem.options[0];
    REQUIRE(now.piece_end - now.piece_begin == 2);
    CHECK(built.problem.pieces[now.piece_begin].count == 2);
    CHECK(built.problem.pieces[now.piece_begin + 1].first == 4);
    CHECK(built.problem.pieces[now.piece_begin + 1].amount == 4000);
}

TEST_CASE("a run over several sites pays for all of them from one budget") {
    PlacementRound round = two_sites();
    round.budgets = {{"b", 8000}};
    round.workloads = {workload_for_test("w", 4)};
    round.workloads[0].budget = "b";
    round.workloads[0].rates = {{"h100", 1000}};
    round.workloads[0].multi = {.sites = 2, .quorum = 2};
    const Built enough(round);
    REQUIRE(enough.problem.options.size() == 1);
    CHECK(enough.builder.members_end(0) == enough.builder.members_begin(0) + 2);
    CHECK(enough.problem.pieces.back().amount == 8000);
    round.budgets[0].left_mgpuh = 7999;
    const Built short_of(round);
    CHECK(short_of.problem.options.empty());
    CHECK(short_of.outlook.possible);
}

}  // namespace
}  // namespace euromesh::federation
