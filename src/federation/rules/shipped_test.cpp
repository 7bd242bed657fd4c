#include "federation/rules/shipped.hpp"

#include <doctest/doctest.h>

#include "federation/rules/cases.hpp"
#include "federation/rules/format.hpp"

namespace euromesh::federation {
namespace {

std::string problems_of(facts::Problems& problems) {
    std::string text;
    for (const facts::Problem& problem : problems.kept()) text += facts::in_words(problem) + "\n";
    return text;
}

TEST_CASE("the shipped rules compile as one set, each with a reason and a source") {
    facts::Problems problems;
    const auto set = RuleSet::compile("federation", all_shipped_rules(), problems);
    CHECK(problems_of(problems) == "");
    REQUIRE(set);
    CHECK(set->texts().size() == 8);
    CHECK(set->rules().size() > 30);
    CHECK(set->digest() == shipped_rule_set()->digest());
    for (const Rule& rule : set->rules()) {
        CHECK(!rule.reason.empty());
        CHECK(!rule.source.empty());
    }
}

TEST_CASE("every shipped case holds, and every shipped rule is applied in one") {
    std::size_t cases_seen = 0;
    for (const facts::EmbeddedFile& file : embedded_rules()) {
        if (!file.name.ends_with(".cases")) continue;
        CAPTURE(file.name);
        facts::Problems problems;
        RuleCases cases = parse_rule_cases(file.text, std::string(file.name), problems);
        CHECK(problems_of(problems) == "");
        const std::string beside = std::string(file.name.substr(0, file.name.find('.'))) + ".rules";
        if (cases.rules.empty()) cases.rules.push_back(beside);
        std::vector<RuleText> texts;
        for (const std::string& name : cases.rules) texts.push_back(shipped_rules(name).value());
        const auto set = RuleSet::compile("federation", texts).value();
        const RuleCaseResults results = run_rule_cases(cases, *set, {});
        for (const RuleCaseFailure& failure : results.failures)
            FAIL_CHECK(failure.rule_case->name << ": " << failure.text);
        for (const Rule* rule : results.untested) {
            CAPTURE(rule->id);
            CHECK(rule->file != beside);
        }
        cases_seen += cases.cases.size();
    }
    CHECK(cases_seen > 80);
}

TEST_CASE("the shipped rules are laid out as the formatter does it") {
    for (const RuleText& text : all_shipped_rules()) {
        facts::Problems problems;
        CHECK(format_rules(text.text, text.name, problems).value() == text.text);
    }
}

TEST_CASE("a shipped text is found with and without its ending") {
    CHECK(shipped_rules("residency").value().text == shipped_rules("residency.rules").value().text);
    const auto unknown = shipped_rules("residence");
    REQUIRE(!unknown);
    CHECK(unknown.error().code == Code::not_found);
    CHECK(unknown.error().message.find("residency.rules") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
