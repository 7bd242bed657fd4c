#include "federation/rules/syntax.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

struct Parsed {
    std::vector<RuleSyntax> rules;
    std::string problems;
};

Parsed parse(std::string_view text) {
    facts::Problems problems;
    Parsed parsed{parse_rules(text, "t", problems), ""};
    for (const facts::Problem& problem : problems.kept()) parsed.problems += facts::in_words(problem) + "\n";
    return parsed;
}

Condition condition(const std::string& text) {
    Parsed parsed = parse("rule a \"r\" source \"s\" permit read when " + text + ";");
    CAPTURE(parsed.problems);
    REQUIRE(parsed.rules.size() == 1);
    return *parsed.rules[0].when;
}

std::string problem(const std::string& text) {
    return parse("rule a \"r\" source \"s\" permit read when " + text + ";").problems;
}

TEST_CASE("a rule with everything in it") {
    const Parsed parsed =
        parse("rule a-1 \"why\" source \"law\" forbid place, move\nwhen x.y unless p has q;");
    CHECK(parsed.problems.empty());
    REQUIRE(parsed.rules.size() == 1);
    const RuleSyntax& rule = parsed.rules[0];
    CHECK(rule.id.text == "a-1");
    CHECK(rule.reason == "why");
    CHECK(rule.source == "law");
    CHECK(!rule.permits);
    CHECK(rule.actions.size() == 2);
    CHECK(rule.when->operands[0].attribute.text == "y");
    CHECK(rule.unless->kind == Condition::Kind::has);
    CHECK(rule.unless->place.line == 2);
}

TEST_CASE("and binds closer than or, not closer than both") {
    const Condition whole = condition("a.b or not c.d and e.f == 3");
    CHECK(whole.kind == Condition::Kind::any);
    REQUIRE(whole.parts.size() == 2);
    const Condition& all = whole.parts[1];
    CHECK(all.kind == Condition::Kind::all);
    CHECK(all.parts[0].kind == Condition::Kind::negation);
    CHECK(all.parts[1].kind == Condition::Kind::comparison);
    CHECK(condition("(a.b or c.d) and e.f").kind == Condition::Kind::all);
    CHECK(condition("not a.b in [\"x\"]").kind == Condition::Kind::negation);
}

TEST_CASE("every operator and every constant") {
    for (const char* symbol : {"==", "!=", "<", "<=", ">", ">=", "in", "overlaps", "within"}) {
        const Condition read = condition(std::string("a.b ") + symbol + " -7");
        CHECK(symbol_of(read.comparison) == symbol);
        CHECK(read.operands[1].integer == -7);
    }
    CHECK(condition("a.b == true").operands[1].boolean);
    CHECK(condition("a.b in [\"x\", \"y\"]").operands[1].texts.size() == 2);
    CHECK(condition("a.b == []").operands[1].kind == OperandKind::text_set);
    CHECK(condition("\"==\" in a.b").comparison == Comparison::in);
    CHECK(condition("a.b == 9223372036854775807").operands[1].integer == INT64_MAX);
}

TEST_CASE("every mistake is told with its place and what would be right") {
    CHECK(problem("a.b = 3").find("equality is ==") != std::string::npos);
    CHECK(problem("a.b ==") ==
          "t:1:46: ';' stands here, a condition, such as site.eu or data.residency == \"eu\" must follow\n");
    CHECK(problem("(a.b").find("'and', 'or' or ')' must follow") != std::string::npos);
    CHECK(problem("a.b c.d").find("'and', 'or', 'unless' or ';' must follow") != std::string::npos);
    CHECK(problem("a.b == 9223372036854775808").find("does not fit 64 bits") != std::string::npos);
    CHECK(problem("a.b < 1 < 2").find("'<' stands here") != std::string::npos);
    CHECK(problem("a").find("'.' and an attribute, or 'has'") != std::string::npos);
    CHECK(problem("a.b in [1]").find("a set holds texts") != std::string::npos);
    CHECK(problem("a.b in [\"x\" \"y\"]").find("',' or ']'") != std::string::npos);
    CHECK(parse("rul a").problems ==
          "t:1:1: 'rul' stands here, a rule must begin with 'rule' (do you mean rule?)\n");
    CHECK(parse("rule when").problems.find("the rule's id must follow") != std::string::npos);
    CHECK(parse("rule a").problems == "t:1:7: the text ends here, the reason in quotes must follow\n");
    CHECK(parse("rule a \" \"").problems.find("the reason in quotes is empty") != std::string::npos);
    CHECK(parse("rule a \"r\" permit").problems.find("'source' with the law") != std::string::npos);
    CHECK(parse("rule a \"r\" source \"s\" allow").problems.find("'permit' or 'forbid'") !=
          std::string::npos);
}

TEST_CASE("after a mistake the next rule is read") {
    const std::string good = "rule b \"r\" source \"s\" permit read;";
    CHECK(parse("rule a;" + good).rules.size() == 1);
    CHECK(parse("rule a \"r\"\n" + good).rules.size() == 1);
    const Parsed parsed = parse("rule ;\nrule ;\n" + good + "\nnonsense;");
    CHECK(parsed.rules.size() == 1);
    CHECK(std::count(parsed.problems.begin(), parsed.problems.end(), '\n') == 3);
}

TEST_CASE("depth has a limit, length has none") {
    std::string deep(rule_depth_max - 1, '(');
    deep += "a.b" + std::string(rule_depth_max - 1, ')');
    CHECK(problem(deep).empty());
    CHECK(problem("((" + deep + "))").find("nested deeper than 64") != std::string::npos);
    std::string nots;
    for (int i = 0; i < 100000; ++i) nots += "not ";
    CHECK(problem(nots + "a.b").find("nested deeper") != std::string::npos);
    std::string many = "a.b";
    for (int i = 0; i < 20000; ++i) many += " and a.b";
    CHECK(condition(many).parts.size() == 20001);
}

}  // namespace
}  // namespace euromesh::federation
