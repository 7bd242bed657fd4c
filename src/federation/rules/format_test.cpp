#include "federation/rules/format.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

std::string formatted(const std::string& text) {
    facts::Problems problems;
    const auto once = format_rules(text, "t", problems);
    REQUIRE(once);
    CHECK(format_rules(*once, "t", problems).value() == *once);
    return *once;
}

TEST_CASE("one layout, whatever it looked like before") {
    CHECK(formatted("rule   a\"r\"source \"s\"forbid place ,move when(site . eu or not peer.eu)and\n\n"
                    "data.id in[ \"x\",\"y\" ]unless data has country;") ==
          "rule a\n  \"r\"\n  source \"s\"\nforbid place, move\n"
          "when (site.eu or not peer.eu) and data.id in [\"x\", \"y\"]\nunless data has country;\n");
    CHECK(formatted("") == "");
    CHECK(formatted(rule_text("a", "permit read") + "\n\n\n" + rule_text("b", "permit read")) ==
          rule_text("a", "permit read") + "\n" + rule_text("b", "permit read"));
}

TEST_CASE("comments stay where they belong") {
    const std::string text =
        "# a file\n"
        "# about rules\n"
        "\n"
        "# the first\n"
        "rule a  # its id\n"
        "  \"r\"\n"
        "  # the law\n"
        "  source \"s\"\n"
        "forbid place\n"
        "when site.eu  # there\n"
        "  and project.eu\n"
        "  # and this\n"
        "  and workload.federated;  # done\n"
        "\n"
        "# the end\n";
    CHECK(formatted(text) == text);
    CHECK(formatted("#x\n\n\n\n#y") == "#x\n\n#y\n");
}

TEST_CASE("a wide condition is broken at its outermost level") {
    const std::string head = "rule a\n  \"r\"\n  source \"s\"\nforbid place\n";
    const std::string wide = "site.country == \"FI\" and site.operator == \"somebody\"";
    CHECK(formatted(head + "when " + wide + " or " + wide + ";") ==
          head + "when " + wide + "\n  or " + wide + ";\n");
    CHECK(formatted(head + "when " + wide + " and (" + wide + ");") ==
          head + "when site.country == \"FI\"\n  and site.operator == \"somebody\"\n  and (" + wide + ");\n");
}

TEST_CASE("what cannot be parsed is not touched") {
    facts::Problems problems;
    CHECK(!format_rules("rule a", "t", problems));
    CHECK(problems.count() == 1);
    facts::Problems none;
    CHECK(format_rules(rule_text("a", "permit nothing_known when x.y"), "t", none).has_value());
}

}  // namespace
}  // namespace euromesh::federation
