#include "federation/rules/cases.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

const std::string rules = rule_text("open", "permit place") +
                          rule_text("eu", "forbid place when data.residency == \"eu\" and not site.eu") +
                          rule_text("never", "forbid place when workload.gpus > 100");

RuleCases cases_of(const std::string& text) {
    facts::Problems problems;
    RuleCases cases = parse_rule_cases(text, "t.cases", problems);
    for (const facts::Problem& problem : problems.kept()) FAIL_CHECK(facts::in_words(problem));
    return cases;
}

std::string problems_of(const std::string& text) {
    facts::Problems problems;
    parse_rule_cases(text, "t", problems);
    std::string lines;
    for (const facts::Problem& problem : problems.kept()) lines += facts::in_words(problem) + "\n";
    return lines;
}

TEST_CASE("cases that hold, that do not, and rules that none of them tests") {
    const RuleCases cases = cases_of(
        "given site.country is \"CH\";  # for all\n"
        "case \"open data\" place allowed by open;\n"
        "case \"bound data\" place given data.residency is \"eu\" refused by eu;\n"
        "case \"bound data in the EU\" place given data.residency is \"eu\", site.eu is true allowed;\n"
        "case \"wrong verdict\" place refused;\n"
        "case \"wrong rule\" place given data.residency is \"eu\" refused by never;\n"
        "case \"not asked at all\" read refused by nothing;\n");
    CHECK(cases.cases.size() == 6);
    CHECK(cases.cases[1].place.line == 3);
    CHECK(cases.cases[1].request.to_json()["site"]["country"] == "CH");
    const auto set = rules_of(rules);
    const RuleCaseResults results = run_rule_cases(cases, *set, {});
    CHECK(results.passed == 4);
    REQUIRE(results.failures.size() == 2);
    CHECK(results.failures[0].rule_case->name == "wrong verdict");
    CHECK(results.failures[0].text == "expected refused, it is allowed by open");
    CHECK(results.failures[1].text == "expected refused by never, it is refused by eu");
    CHECK(ids_of(results.untested) == std::vector<std::string>{"never"});
}

TEST_CASE("a site's rules narrow in cases, too") {
    const RuleCases cases = cases_of(
        "rules \"a.rules\", \"b.rules\"; narrowed by \"site.rules\";\n"
        "case \"closed\" place refused by closed;");
    CHECK(cases.rules == std::vector<std::string>{"a.rules", "b.rules"});
    CHECK(cases.narrowing == std::vector<std::string>{"site.rules"});
    const auto federation = rules_of(rules);
    const auto site = rules_of(rule_text("closed", "forbid place"), "lumi");
    const std::array<const RuleSet*, 1> narrowing = {site.get()};
    CHECK(run_rule_cases(cases, *federation, narrowing).passed == 1);
}

TEST_CASE("what is given later counts, and every kind of value can be given") {
    const RuleCases cases = cases_of(
        "given workload.gpus is 5, site.labels is [\"b\", \"a\"], person.groups is [];\n"
        "given workload.gpus is -6;\n"
        "case \"x\" place given data.country is \"FI\" allowed;");
    const Json request = cases.cases[0].request.to_json();
    CHECK(request["workload"]["gpus"] == -6);
    CHECK(request["site"]["labels"] == Json({"a", "b"}));
    CHECK(request["data"][0]["country"] == "FI");
    CHECK(!request["data"][0].contains("site"));
}

TEST_CASE("mistakes have a place") {
    CHECK(problems_of("given sit.eu is true;") == "t:1:7: there is no subject 'sit' (do you mean site?)\n");
    CHECK(problems_of("given site.uu is true;").find("t:1:7: site has no attribute 'uu'") == 0);
    CHECK(problems_of("given site.eu is 5;") == "t:1:7: site.eu: an Int, it must be a Bool\n");
    CHECK(problems_of("given data.residency is \"moon\";").find("'moon' is not one of none, eu") !=
          std::string::npos);
    CHECK(problems_of("case \"x\" fly allowed;").find("an action (apply, submit,") != std::string::npos);
    CHECK(problems_of("case \"x\" place perhaps;").find("'allowed' or 'refused' must follow") !=
          std::string::npos);
    CHECK(problems_of("case place;").find("the case's name in quotes") != std::string::npos);
    CHECK(problems_of("given workload.gpus is 99999999999999999999;").find("64 bits") != std::string::npos);
    CHECK(problems_of("rules 5;").find("a file's name in quotes") != std::string::npos);
    CHECK(problems_of("narrowed \"x\";").find("'by' must follow") != std::string::npos);
    CHECK(problems_of("hello; case \"x\" place allowed by \"y\";").find("'nothing' must follow") !=
          std::string::npos);
    CHECK(problems_of("given site.labels is [\"a\" \"b\"];").find("',' or ']'") != std::string::npos);
    CHECK(problems_of("given site.labels is [").find("the text ends here") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
