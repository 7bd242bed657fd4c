#include "federation/rules/dialect.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

RuleSyntax parsed(const std::string& text) {
    facts::Problems problems;
    auto rules = parse_rules(text, "t", problems);
    REQUIRE(rules.size() == 1);
    return rules[0];
}

const std::string text =
    rule_text("a-b",
              "forbid move, exchange when not data has country or \"x\\\"y\" in site.labels and "
              "[\"b\"] within site.labels and (site.labels overlaps []) unless workload.gpus >= -3");

TEST_CASE("our text, written out and read again, is the same rule") {
    const std::string once = to_rule_text(parsed(text));
    CHECK(to_rule_text(parsed(once)) == once);
    CHECK(once.find("when (not (data has country)) or ((\"x\\\"y\" in site.labels) and ") !=
          std::string::npos);
}

TEST_CASE("Cedar's text") {
    CHECK(to_cedar_text(parsed(text)) ==
          "forbid (principal, action in [Action::\"move\", Action::\"exchange\"], resource)\n"
          "when { (!(context.data has country)) || ((context.site.labels.contains(\"x\\\"y\")) && "
          "(context.site.labels.containsAll([\"b\"])) && (context.site.labels.containsAny([]))) }\n"
          "unless { context.workload.gpus >= -3 };\n");
    CHECK(to_cedar_text(parsed(rule_text("p", "permit read when true"))) ==
          "permit (principal, action in [Action::\"read\"], resource)\nwhen { true };\n");
}

}  // namespace
}  // namespace euromesh::federation
