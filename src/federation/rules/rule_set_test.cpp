#include "federation/rules/rule_set.hpp"

#include <array>

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr auto place = RuleAction::place;

RuleVerdict decided(const RuleSet& federation, const RuleRequest& request, const RuleSet* site = nullptr) {
    const std::array<const RuleSet*, 1> sites = {site};
    return decide(federation, site ? std::span(sites) : std::span<const RuleSet* const>(), request);
}

const std::string open_door = rule_text("open", "permit place");

TEST_CASE("what no rule permits is refused") {
    PlainRecords records;
    const auto nothing = RuleSet::compile("federation", std::vector<RuleText>()).value();
    RuleVerdict verdict = decided(*nothing, records.request(place));
    CHECK(!verdict.allowed);
    CHECK(verdict.ground == RuleGround::no_permit);
    CHECK(verdict.without_permit == "federation");
    CHECK(verdict.deciding.empty());
    verdict = decided(*rules_of(rule_text("a", "permit place when site.eu")), records.request(place));
    CHECK(!verdict.allowed);
}

TEST_CASE("forbid wins, and every rule that decided is named") {
    PlainRecords records;
    const auto set = rules_of(open_door + rule_text("z", "forbid place when not site.eu") +
                              rule_text("b", "forbid place when not project.eu") +
                              rule_text("c", "forbid place when site.eu"));
    RuleVerdict verdict = decided(*set, records.request(place));
    CHECK(!verdict.allowed);
    CHECK(verdict.ground == RuleGround::forbidden);
    CHECK(ids_of(verdict.deciding) == std::vector<std::string>{"b", "z"});
    CHECK(verdict.deciding[0]->reason == "because b");
    CHECK(verdict.deciding[0]->source == "law of b");
    CHECK(verdict.deciding[0]->origin == "federation");
    CHECK(verdict.deciding[0]->line == 9);
    const auto two = rules_of(open_door + rule_text("also", "permit place"));
    verdict = decided(*two, records.request(place));
    CHECK(verdict.allowed);
    CHECK(ids_of(verdict.deciding) == std::vector<std::string>{"also", "open"});
}

TEST_CASE("rules are about their actions only") {
    PlainRecords records;
    const auto set = rules_of(rule_text("a", "permit read, cancel"));
    CHECK(decided(*set, records.request(RuleAction::cancel)).allowed);
    CHECK(!decided(*set, records.request(place)).allowed);
}

TEST_CASE("every data set must be permitted, and none forbidden") {
    PlainRecords records;
    records.data = {plain_record(RecordKind::data, {{"id", "a"}}),
                    plain_record(RecordKind::data, {{"id", "b"}})};
    const std::string a = rule_text("a", "permit place when data.id == \"a\"");
    const std::string b = rule_text("b", "permit place when data.id == \"b\"");
    CHECK(!decided(*rules_of(a), records.request(place)).allowed);
    CHECK(decided(*rules_of(a + b), records.request(place)).allowed);
    CHECK(decided(*rules_of(open_door), records.request(place)).allowed);
    const std::string after_open = rule_text("zz", "permit place when data.id == \"b\"");
    CHECK(decided(*rules_of(open_door + after_open), records.request(place)).allowed);
    const auto forbids = rules_of(open_door + rule_text("f", "forbid place when data.id == \"b\""));
    CHECK(ids_of(decided(*forbids, records.request(place)).deciding) == std::vector<std::string>{"f"});
    records.data.pop_back();
    CHECK(decided(*forbids, records.request(place)).allowed);
}

TEST_CASE("a site's set only narrows") {
    PlainRecords records;
    const auto federation = rules_of(open_door);
    const auto closed = rules_of(rule_text("f", "forbid place when site.eu"));
    const auto permits = rules_of(rule_text("own", "permit place when project.country == \"FI\""), "lumi");
    const auto forbids = rules_of(rule_text("no", "forbid place when project.country == \"\""), "lumi");
    const auto elsewhere = rules_of(rule_text("r", "permit read"), "lumi");

    RuleVerdict verdict = decided(*federation, records.request(place), permits.get());
    CHECK(!verdict.allowed);
    CHECK(verdict.without_permit == "lumi");
    verdict = decided(*federation, records.request(place), forbids.get());
    CHECK(verdict.ground == RuleGround::forbidden);
    CHECK(verdict.deciding[0]->origin == "lumi");
    CHECK(decided(*federation, records.request(place), elsewhere.get()).allowed);

    records.project = plain_record(RecordKind::project, {{"country", "FI"}});
    verdict = decided(*federation, records.request(place), permits.get());
    CHECK(verdict.allowed);
    CHECK(ids_of(verdict.deciding) == std::vector<std::string>{"open", "own"});
    CHECK(decided(*federation, records.request(place), forbids.get()).allowed);
    verdict = decided(*closed, records.request(place), permits.get());
    CHECK(!verdict.allowed);
    CHECK(verdict.without_permit == "federation");
}

TEST_CASE("forbids of several sets are all named") {
    PlainRecords records;
    const auto federation = rules_of(open_door + rule_text("f", "forbid place"));
    const auto one = rules_of(rule_text("f", "forbid place"), "one");
    const auto two =
        rules_of(rule_text("p", "permit place when site.eu") + rule_text("f", "forbid place"), "two");
    const std::array<const RuleSet*, 2> sites = {one.get(), two.get()};
    const RuleVerdict verdict = decide(*federation, sites, records.request(place));
    REQUIRE(verdict.deciding.size() == 3);
    CHECK(verdict.deciding[1]->origin == "one");
    CHECK(verdict.deciding[2]->origin == "two");
    CHECK(verdict.without_permit.empty());
}

TEST_CASE("the digest is that of the texts, in the order of their names") {
    const RuleText a{"a.rules", open_door};
    const RuleText b{"b.rules", rule_text("b", "forbid place")};
    const auto set = RuleSet::compile("x", {b, a}).value();
    CHECK(set->digest() == RuleSet::compile("x", {a, b}).value()->digest());
    CHECK(set->texts()[0].name == "a.rules");
    const std::string lines =
        fmt::format("{}  a.rules\n{}  b.rules\n", to_hex(sha256(a.text)), to_hex(sha256(b.text)));
    CHECK(to_hex(set->digest()) == to_hex(sha256(lines)));
    CHECK(set->digest() != RuleSet::compile("x", {a}).value()->digest());
}

TEST_CASE("ids and names are unique, sizes are bounded") {
    CHECK(problems_in(open_door + open_door) ==
          "t:5:1: rule open: t:1 has a rule of this id, too; ids are unique\n");
    CHECK(!RuleSet::compile("x", {{"a", ""}, {"a", ""}}));
    CHECK(!RuleSet::compile("x", {{"", ""}}));
    CHECK(!RuleSet::compile("x", {{"a\nb", ""}}));
    CHECK(!RuleSet::compile("x", {{"a", std::string(rule_text_max_bytes + 1, ' ')}}));
    const std::string full(rule_text_max_bytes, ' ');
    CHECK(RuleSet::compile("x", {{"a", full}, {"b", full}, {"c", full}, {"d", full}}).has_value());
    CHECK(!RuleSet::compile("x", {{"a", full}, {"b", full}, {"c", full}, {"d", full}, {"e", " "}}));
}

TEST_CASE("one line says the first mistake and how many more there are") {
    const auto refused = RuleSet::compile("x", {{"t", "rule a;\nrule b;\n"}});
    REQUIRE(!refused);
    CHECK(refused.error().code == Code::bad_input);
    CHECK(refused.error().message ==
          "t:1:7: ';' stands here, the reason in quotes must follow (and 1 more: euromesh rules check)");
}

}  // namespace
}  // namespace euromesh::federation
