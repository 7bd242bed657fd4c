// The second reading of the rules' language, held against the coordinator's own.
#include "apps/verify/rule_text.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "federation/rules/dialect.hpp"
#include "federation/rules/random_rules.hpp"
#include "federation/rules/shipped.hpp"

namespace euromesh::verify {
namespace {

using federation::RandomRules;
using federation::RuleSet;

std::string text_of(const std::vector<federation::RuleSyntax>& rules) {
    std::string text;
    for (const auto& rule : rules) text += to_rule_text(rule) + "\n";
    return text;
}

RuleTexts read(const std::string& text, const std::string& origin = "federation") {
    auto set = RuleTexts::read(origin, {{"a.rules", text}});
    REQUIRE_MESSAGE(set, (set ? "" : set.error().message));
    return *std::move(set);
}

TEST_CASE("10,000 random requests get the same verdict and the same deciding rule from both readings") {
    RandomRules random(77);
    int allowed = 0, by_rule = 0;
    for (int round = 0; round < 500; ++round) {
        const std::string text = text_of(random.rules(10)), narrowing = text_of(random.rules(3));
        const auto theirs = RuleSet::compile("federation", {{"a.rules", text}});
        const auto site = RuleSet::compile("a", {{"a.rules", narrowing}});
        REQUIRE((theirs && site));
        const RuleTexts ours = read(text), own = read(narrowing, "a");
        CHECK(ours.digest() == to_hex((*theirs)->digest()));
        for (int i = 0; i < 20; ++i) {
            const auto document = random.request(static_cast<std::size_t>(i) % 4);
            const RuleSet* sites[] = {site->get()};
            const auto verdict = decide(**theirs, sites, document.request());
            const RuleAnswer answer = ask_rules(ours, {&own}, document.to_json());
            CAPTURE(text);
            CAPTURE(document.to_json().dump());
            REQUIRE(answer.allowed == verdict.allowed);
            const std::string rule =
                verdict.allowed || verdict.deciding.empty() ? "" : verdict.deciding.front()->id;
            REQUIRE(answer.rule == rule);
            REQUIRE(answer.without_permit == verdict.without_permit);
            allowed += answer.allowed ? 1 : 0;
            by_rule += answer.rule.empty() ? 0 : 1;
        }
    }
    CHECK(allowed > 300);
    CHECK(by_rule > 300);
}

TEST_CASE("the rules in the program are read, with the digest that everybody can compute") {
    RuleTexts::Named texts;
    for (const auto& one : federation::all_shipped_rules()) texts.emplace_back(one.name, one.text);
    const auto set = RuleTexts::read("federation", texts);
    REQUIRE(set);
    CHECK(set->digest() == to_hex(federation::shipped_rule_set()->digest()));
    CHECK(set->rules().size() == federation::shipped_rule_set()->rules().size());
}

TEST_CASE("what is no rule is refused with its word, and hostile text does no harm") {
    const auto said = [](const std::string& text) {
        const auto set = RuleTexts::read("federation", {{"a.rules", text}});
        return set ? "" : set.error().message;
    };
    const std::string right = "rule a \"r\" source \"s\" permit place when site.eu;";
    CHECK(said(right).empty());
    CHECK(said("rule a \"r\" source \"s\" permit place when site.eu").find("; is expected") !=
          std::string::npos);
    CHECK(said("rule a \"r").find("not closed") != std::string::npos);
    CHECK(said("rule a \"r\" source \"s\" permit place when 99999999999999999999 == 1;")
              .find("a number of 64 bits") != std::string::npos);
    CHECK(said("rule a \"r\" source \"s\" permit place when " + std::string(100000, '(')).find("nested") !=
          std::string::npos);
    CHECK(said("\x01").find("means nothing") != std::string::npos);
    CHECK(said("rule a \"r\" source \"s\" grant place;").find("forbid is expected") != std::string::npos);
    for (std::size_t size = 0; size < right.size(); ++size) (void)said(right.substr(0, size));
}

}  // namespace
}  // namespace euromesh::verify
