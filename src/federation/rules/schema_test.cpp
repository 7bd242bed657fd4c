#include "federation/rules/schema.hpp"

#include <doctest/doctest.h>

#include <set>

#include "federation/rules/syntax.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("names lead to what they name, and back") {
    for (std::size_t i = 0; i < rule_action_count; ++i) {
        const auto action = static_cast<RuleAction>(i);
        CHECK(rule_action(name_of(action)) == action);
    }
    for (std::size_t i = 0; i < rule_subject_count; ++i) {
        const auto subject = static_cast<RuleSubject>(i);
        CHECK(rule_subject(name_of(subject)) == subject);
    }
    CHECK(!rule_action("fly"));
    CHECK(!rule_subject("planet"));
    CHECK(name_of(RuleAction::change_rules) == "change_rules");
    CHECK(name_of(RuleSubject::incoming) == "incoming");
    CHECK(rule_action_names().size() == rule_action_count);
    CHECK(rule_subject_names().size() == rule_subject_count);
}

TEST_CASE("attributes have distinct names that are no keywords, and a meaning") {
    for (std::size_t i = 0; i < record_kind_count; ++i) {
        const auto kind = static_cast<RecordKind>(i);
        std::set<std::string_view> names;
        for (const RuleAttribute& attribute : attributes_of(kind)) {
            CAPTURE(attribute.name);
            CHECK(names.insert(attribute.name).second);
            CHECK(!is_rule_keyword(attribute.name));
            CHECK(!attribute.meaning.empty());
            CHECK((attribute.allowed.empty() || attribute.type == RuleType::text));
        }
        CHECK(names.size() <= 16);  // the checker's table of what is known to be there
        CHECK(rule_attribute(kind, *names.begin()).has_value());
        CHECK(!rule_attribute(kind, "colour"));
    }
}

TEST_CASE("actions concern what they are about") {
    CHECK(concerns(RuleAction::place, RuleSubject::site));
    CHECK(concerns(RuleAction::exchange, RuleSubject::peer));
    CHECK(concerns(RuleAction::preempt, RuleSubject::incoming));
    CHECK(!concerns(RuleAction::read, RuleSubject::site));
    CHECK(!concerns(RuleAction::change_rules, RuleSubject::project));
    for (std::size_t i = 0; i < rule_action_count; ++i)
        CHECK(concerns(static_cast<RuleAction>(i), RuleSubject::context));
}

TEST_CASE("the schema as a document and as text") {
    const Json document = rule_schema_json();
    CHECK(document["subjects"]["peer"] == "site");
    CHECK(document["actions"]["change_rules"] == Json({"person", "context"}));
    CHECK(document["records"]["data"][1]["name"] == "residency");
    CHECK(document["records"]["data"][1]["allowed"] == Json({"none", "eu", "country", "site"}));
    CHECK(document["records"]["data"][2]["optional"] == true);
    const std::string text = rule_schema_text();
    CHECK(text.find("\"none\" | \"eu\" | \"country\" | \"site\": what it must not leave") !=
          std::string::npos);
    CHECK(text.find("String, optional: the country it must not leave") != std::string::npos);
    CHECK(text.find("  change_rules  person, context\n") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
