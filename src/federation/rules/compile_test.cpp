#include "federation/rules/compile.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

// What is wrong with a rule about `action`, without its place.
std::string wrong(const std::string& condition, const std::string& action = "place") {
    const std::string lines = problems_in(rule_text("r", "permit " + action + " when " + condition));
    const std::size_t end = lines.find("rule r: ");
    return end == std::string::npos ? lines : lines.substr(end + 8, lines.find('\n') - end - 8);
}

TEST_CASE("names that there are not, with the likeliest") {
    CHECK(wrong("sit.eu") == "there is no subject 'sit' (do you mean site?)");
    CHECK(wrong("site.contry == \"FI\"") == "site has no attribute 'contry' (do you mean country?)");
    CHECK(wrong("site.eu", "plaice") == "there is no action 'plaice' (do you mean place?)");
    CHECK(wrong("qqq.eu").find("(there are person, project, data,") != std::string::npos);
    CHECK(wrong("site.eu", "place, place") == "the action place is named twice");
}

TEST_CASE("a rule speaks only of what all its actions concern") {
    CHECK(wrong("site.eu", "place, read") ==
          "the action read does not concern site; write a rule of its own for read");
    CHECK(wrong("peer.eu", "move, exchange") == "");
    CHECK(wrong("peer.eu") == "the action place does not concern peer; write a rule of its own for place");
}

TEST_CASE("types") {
    CHECK(wrong("site.country") == "site.country, a String, is no condition; compare it with something");
    CHECK(wrong("5") == "an Int is no condition; compare it with something");
    CHECK(wrong("site.country == 5") ==
          "site.country, a String, and an Int do not fit '=='; it wants the same type on both sides");
    CHECK(wrong("site.country < project.country").find("it wants two of type Int") != std::string::npos);
    CHECK(wrong("site.labels in site.labels").find("it wants a String and a Set of String") !=
          std::string::npos);
    CHECK(wrong("site.country overlaps site.labels").find("it wants two sets") != std::string::npos);
    CHECK(wrong("5 == 5") == "two constants are compared; one side must be an attribute");
    CHECK(wrong("workload.gpus >= 8 and site.labels == [] and site.eu != project.eu") == "");
    CHECK(wrong("project.groups overlaps person.groups and [\"a\"] within site.labels") == "");
}

TEST_CASE("a word that an attribute can never be") {
    CHECK(wrong("data.residency == \"EU\"") ==
          "data.residency is never \"EU\"; it is one of none, eu, country, site");
    CHECK(wrong("\"mars\" != data.residency").find("never \"mars\"") != std::string::npos);
    CHECK(wrong("data.residency in [\"eu\", \"mars\"]").find("never \"mars\"") != std::string::npos);
    CHECK(wrong("data.residency in [\"eu\", \"site\"]") == "");
}

TEST_CASE("an optional attribute is read only where it was asked for") {
    const std::string told = "data.country may be absent; ask 'data has country and ...' before it is read";
    CHECK(wrong("data.country == \"FI\"") == told);
    CHECK(wrong("data has country and data.country == \"FI\"") == "");
    CHECK(wrong("data.country == \"FI\" and data has country") == told);
    CHECK(wrong("data has country or data.country == \"FI\"") == told);
    CHECK(wrong("not data has country or data.country == \"FI\"") == "");
    CHECK(wrong("not (data has country and data has site) or data.country == data.site") == "");
    CHECK(wrong("not (data has country or data has site) or data.country == \"FI\"") == told);
    CHECK(wrong("(data has country and site.eu or data has country) and data.country == \"FI\"") == "");
    CHECK(wrong("(data has country or site.eu) and data.country == \"FI\"") == told);
    CHECK(wrong("not not data has country and data.country == \"FI\"") == "");
    CHECK(wrong("data has country unless data.country == \"FI\"") == "");
    CHECK(wrong("data has country and (site.eu or data.country == \"FI\")") == "");
    CHECK(wrong("data has residency") == "data.residency is always there; leave 'has' out");
}

TEST_CASE("all mistakes of a rule are told, each at its place") {
    CHECK(problems_in("rule r \"a\" source \"b\"\nforbid plaice\nwhen sit.eu\n  or site.contry == 1;") ==
          "t:2:8: rule r: there is no action 'plaice' (do you mean place?)\n"
          "t:3:6: rule r: there is no subject 'sit' (do you mean site?)\n"
          "t:4:11: rule r: site has no attribute 'contry' (do you mean country?)\n");
}

TEST_CASE("a rule has a limit of tests") {
    std::string many = "site.eu";
    for (std::size_t i = 1; i < rule_tests_max; ++i) many += " or site.eu";
    CHECK(wrong(many) == "");
    CHECK(wrong(many + " or site.eu").find("4097 tests, 4096 at most") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
