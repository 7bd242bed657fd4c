#include "federation/rules/record.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

std::string refusal(RecordKind kind, const RuleRecord::Fields& fields) {
    const auto record = RuleRecord::make(kind, fields);
    if (record) return "";
    CHECK(record.error().code == Code::bad_input);
    return record.error().message;
}

std::string refusal(const std::string& json) {
    const auto record = RuleRecord::from_json(RecordKind::data, parse_json(json).value(), "request.json");
    return record ? "" : record.error().message;
}

TEST_CASE("a record is what was told of it, sets in order and without doubles") {
    const RuleRecord site =
        plain_record(RecordKind::site,
                     {{"id", "lumi"}, {"eu", true}, {"labels", std::vector<std::string>{"b", "a", "b"}}});
    CHECK(site.kind() == RecordKind::site);
    const Json document = site.to_json();
    CHECK(document["id"] == "lumi");
    CHECK(document["eu"] == true);
    CHECK(document["labels"] == Json({"a", "b"}));
    CHECK(RuleRecord::from_json(RecordKind::site, document, "x").value() == site);
    CHECK(document.dump().find("{\"id\":\"lumi\",\"country\":\"\",\"eu\":true,") == 0);
}

TEST_CASE("what is missing, unknown or of the wrong type is named") {
    CHECK(refusal(RecordKind::data, {{"id", "x"}, {"residency", "eu"}}) ==
          "data.sensitive: missing; it must be there");
    CHECK(refusal(RecordKind::data, {{"id", "x"}, {"resideny", "eu"}}) ==
          "data.resideny: there is no such attribute (do you mean residency?)");
    CHECK(refusal(RecordKind::data, {{"id", "x"}, {"residency", "eu"}, {"sensitive", "no"}}) ==
          "data.sensitive: a String, it must be a Bool");
    CHECK(refusal(RecordKind::data, {{"id", "x"}, {"residency", "moon"}, {"sensitive", false}}) ==
          "data.residency: 'moon' is not one of none, eu, country, site");
    CHECK(refusal(RecordKind::data, {{"id", "a\nb"}, {"residency", "eu"}, {"sensitive", false}})
              .find("holds a control character") != std::string::npos);
    CHECK(refusal(RecordKind::data, {{"id", "a\xFF"}, {"residency", "eu"}, {"sensitive", false}})
              .find("UTF-8") != std::string::npos);
}

TEST_CASE("an optional attribute may be absent") {
    const RuleRecord::Fields fields = {{"id", "x"}, {"residency", "country"}, {"sensitive", true}};
    const RuleRecord record = RuleRecord::make(RecordKind::data, fields).value();
    CHECK(!record.to_json().contains("country"));
    CHECK(RuleRecord::no_data().to_json() == Json({{"id", ""}, {"residency", "none"}, {"sensitive", false}}));
}

TEST_CASE("texts and sets have a limit") {
    const auto with_id = [](std::size_t size) {
        return refusal(RecordKind::data,
                       {{"id", std::string(size, 'x')}, {"residency", "eu"}, {"sensitive", false}});
    };
    CHECK(with_id(rule_text_value_max_bytes) == "");
    CHECK(with_id(rule_text_value_max_bytes + 1).find("at most") != std::string::npos);
    std::vector<std::string> many;
    for (std::size_t i = 0; i <= rule_set_value_max; ++i) many.push_back(std::to_string(i));
    const auto record = RuleRecord::make(RecordKind::person, {{"groups", many}});
    CHECK(!record);
}

TEST_CASE("JSON of other forms is refused where it stands") {
    CHECK(refusal("[]") == "request.json: data must be an object of attributes");
    CHECK(refusal(R"({"id": null})") ==
          "request.json: data.id: neither a Bool, an Int, a String nor a list of Strings");
    CHECK(refusal(R"({"id": 1.5})").find("data.id: neither") != std::string::npos);
    CHECK(refusal(R"({"id": 18446744073709551615})").find("does not fit 64 bits") != std::string::npos);
    CHECK(refusal(R"({"id": ["a", 1]})").find("a set holds texts only") != std::string::npos);
    CHECK(refusal(R"({"id": "x", "residency": "eu", "sensitive": false})") == "");
}

}  // namespace
}  // namespace euromesh::federation
