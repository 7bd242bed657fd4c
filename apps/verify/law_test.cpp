// What the verifier asks the rules, held against what the coordinator's own code says (replay_test.cpp has
// whole stories; here what they do not reach).
#include "apps/verify/law.hpp"

#include <doctest/doctest.h>

namespace euromesh::verify {
namespace {

World world_of(const std::string& rules) {
    World world;
    world.federation = {{"administrators", {"i|root"}}, {"reviewers", {"i|rita"}}, {"eu_countries", {"FI"}}};
    auto set = RuleTexts::read("federation", {{"a", rules}});
    REQUIRE(set);
    world.rules = *std::move(set);
    world.projects["p"] = {{"id", "p"}, {"country", "FI"}, {"groups", {"g"}}, {"managers", {"i|ann"}}};
    return world;
}

std::string rule(const std::string& rest) {
    return "rule r \"r\" source \"s\" " + rest + ";\n";
}

TEST_CASE("what a token might have said is no reason to refuse; what the federation knows is") {
    const Json application = {{"project", "p"}, {"tier", "t"}, {"share", "ju"}, {"amount", 5}};
    const auto said = [&](const std::string& rest, const char* who) {
        return refusal_of_access(world_of(rule(rest)), "review", who, application, 1);
    };
    CHECK(said("permit review when \"allocation.review\" in person.scopes", "i|x").empty());
    CHECK(said("permit review when person.groups overlaps project.groups", "i|x").empty());
    CHECK(said("permit review when \"reviewer\" in person.roles", "i|rita").empty());
    CHECK(said("permit review when \"reviewer\" in person.roles", "i|x") == "no rule permits it");
    CHECK(said("permit review when project.asked_milli_gpu_hours < 5", "i|rita") == "no rule permits it");
    CHECK(said("permit apply", "i|rita") == "no rule permits it");
    CHECK(refusal_of_access(world_of(rule("permit review")), "review", "i|x", {{"project", "q"}}, 1) ==
          "there is no such project");
}

TEST_CASE("a manager is always of the project") {
    const std::string rules = rule("permit review") +
                              "rule own \"r\" source \"s\" forbid review when person.groups overlaps "
                              "project.groups;";
    const Json application = {{"project", "p"}, {"tier", "t"}, {"share", "ju"}, {"amount", 5}};
    CHECK(refusal_of_access(world_of(rules), "review", "i|ann", application, 1) == "own");
    CHECK(refusal_of_access(world_of(rules), "review", "i|bob", application, 1).empty());
}

TEST_CASE("admissions are asked with the site as it is admitted") {
    const World world = world_of(rule("permit admit when \"board\" in person.roles and site.eu"));
    CHECK(refusal_of_admission(world, "i|root", {{"id", "a"}, {"country", "FI"}}, 1).empty());
    CHECK(refusal_of_admission(world, "i|root", {{"id", "a"}, {"country", "CH"}}, 1) == "no rule permits it");
    CHECK(refusal_of_admission(world, "i|ann", {{"id", "a"}, {"country", "FI"}}, 1) == "no rule permits it");
}

TEST_CASE("allocations that may pay now: half-open, the one that ends first in front") {
    World world = world_of(rule("permit place"));
    for (const auto& [id, begin, end] : {std::tuple{"a1", 0, 100}, {"a2", 0, 50}, {"a3", 10, 60}})
        world.allocations[id].record = {{"id", id}, {"project", "p"}, {"begin_ms", begin}, {"end_ms", end}};
    const auto ids = [&](std::int64_t now) {
        std::string text;
        for (const Allocation* one : live_allocations(world, "p", now)) text += text_in(one->record, "id");
        return text;
    };
    CHECK(ids(5) == "a2a1");
    CHECK(ids(10) == "a2a3a1");
    CHECK(ids(50) == "a3a1");
    CHECK(ids(100) == "");
}

}  // namespace
}  // namespace euromesh::verify
