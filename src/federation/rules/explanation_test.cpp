#include "federation/rules/explanation.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

const std::string rules = rule_text("open", "permit place") +
                          rule_text("eu", "forbid place when data.residency == \"eu\" and not site.eu") +
                          rule_text("big", "forbid place when workload.gpus > 100");

PlainRecords eu_data_abroad() {
    PlainRecords records;
    records.data = {plain_record(RecordKind::data, {{"id", "open"}}),
                    plain_record(RecordKind::data, {{"id", "bound"}, {"residency", "eu"}})};
    return records;
}

TEST_CASE("a refusal names rule, reason, source and what was looked at") {
    const PlainRecords records = eu_data_abroad();
    const auto set = rules_of(rules);
    const RuleExplanation explanation = explain(*set, {}, records.request(RuleAction::place));
    CHECK(!explanation.verdict.allowed);
    CHECK(in_words(explanation) ==
          "refused: forbidden\n"
          "  eu (federation, test.rules:5): because eu [law of eu]\n"
          "    data.residency is \"eu\"\n"
          "    site.eu is false\n");
    CHECK(explanation.evaluated.size() == 4);  // eu for each data set
}

TEST_CASE("as a document: the verdict and every rule that was asked") {
    const PlainRecords records = eu_data_abroad();
    const auto set = rules_of(rules);
    const Json document = to_json(explain(*set, {}, records.request(RuleAction::place)));
    CHECK(document["allowed"] == false);
    CHECK(document["ground"] == "forbidden");
    CHECK(document["deciding"] == Json::array({Json{{"rule", "eu"}, {"origin", "federation"}}}));
    const Json& second = document["evaluated"][2];
    CHECK(second["rule"] == "eu");
    CHECK(second["applied"] == true);
    CHECK(second["data_set"] == 1);
    CHECK(second["looked_at"] == Json({{"data.residency", "eu"}, {"site.eu", false}}));
    CHECK(document["evaluated"][1]["looked_at"] == Json({{"data.residency", "none"}}));
    CHECK(document["evaluated"][0]["applied"] == false);
}

TEST_CASE("a missing permit is told with the permits that do not apply") {
    PlainRecords records;
    const auto set = rules_of(rule_text("p", "permit place when data has country and site.eu"));
    const RuleExplanation explanation = explain(*set, {}, records.request(RuleAction::place));
    CHECK(in_words(explanation) ==
          "refused: no rule of federation permits it\n"
          "  does not apply:\n"
          "  p (federation, test.rules:1): because p [law of p]\n"
          "    data.country is absent\n");
    CHECK(to_json(explanation)["without_permit"] == "federation");
    CHECK(to_json(explanation)["evaluated"][0]["looked_at"]["data.country"].is_null());
}

TEST_CASE("many rules and data sets: the accounts have a limit, the verdict has none") {
    PlainRecords records;
    records.data.assign(rule_data_sets_max, plain_record(RecordKind::data));
    std::string text;
    for (int i = 0; i < 65; ++i)
        text += rule_text("f" + std::to_string(i), "forbid place when not data.sensitive");
    const auto set = rules_of(text);
    const RuleExplanation explanation = explain(*set, {}, records.request(RuleAction::place));
    CHECK(explanation.evaluated.size() == rule_accounts_max);
    CHECK(explanation.verdict.deciding.size() == 65);
}

TEST_CASE("what is allowed names who permitted it, the site's own rules, too") {
    PlainRecords records;
    const auto set = rules_of(rules);
    const auto own = rules_of(rule_text("own", "permit place"), "lumi");
    const std::array<const RuleSet*, 1> sites = {own.get()};
    const std::string words = in_words(explain(*set, sites, records.request(RuleAction::place)));
    CHECK(words ==
          "allowed: permitted, and nothing forbids it\n"
          "  open (federation, test.rules:1): because open [law of open]\n"
          "  own (lumi, test.rules:1): because own [law of own]\n");
}

}  // namespace
}  // namespace euromesh::federation
