#include "federation/rules/request.hpp"

#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

Json document_of(RuleAction action) {
    return RuleRequestDocument::copy_of(PlainRecords().request(action)).to_json();
}

std::string refusal(const Json& document) {
    const auto read = RuleRequestDocument::from_json(document, "r.json");
    if (read) return "";
    CHECK(read.error().code == Code::bad_input);
    return read.error().message;
}

TEST_CASE("a request holds what its action concerns, and nothing else") {
    PlainRecords records;
    const RuleRequest request = records.request(RuleAction::read);
    CHECK(request.record(RuleSubject::person, 0) == &records.person);
    CHECK(request.record(RuleSubject::site, 0) == nullptr);
    CHECK(request.record(RuleSubject::data, 0) == nullptr);
    CHECK(request.rounds() == 1);
}

TEST_CASE("each data set is a round of its own; none is one round with the record that stands for none") {
    PlainRecords records;
    CHECK(records.request(RuleAction::place).record(RuleSubject::data, 0) == &RuleRecord::no_data());
    records.data = {plain_record(RecordKind::data, {{"id", "a"}}),
                    plain_record(RecordKind::data, {{"id", "b"}})};
    const RuleRequest request = records.request(RuleAction::place);
    CHECK(request.rounds() == 2);
    CHECK(request.record(RuleSubject::data, 1) == &records.data[1]);
    CHECK(records.request(RuleAction::cancel).rounds() == 1);
}

TEST_CASE("what is missing or of another kind is refused") {
    PlainRecords records;
    RuleSubjects subjects = records.subjects();
    subjects.site = nullptr;
    CHECK(RuleRequest::make(RuleAction::read, subjects).has_value());
    const auto missing = RuleRequest::make(RuleAction::place, subjects);
    REQUIRE(!missing);
    CHECK(missing.error().message == "request to place: site is missing; this action concerns it");
    subjects.site = &records.person;
    CHECK(RuleRequest::make(RuleAction::place, subjects).error().message ==
          "request to place: site is a person, it must be a site");
    subjects.site = &records.site;
    subjects.data.push_back(&records.site);
    CHECK(!RuleRequest::make(RuleAction::place, subjects));
    subjects.data.assign(rule_data_sets_max + 1, &RuleRecord::no_data());
    CHECK(!RuleRequest::make(RuleAction::place, subjects));
}

TEST_CASE("as a document and back, for every action") {
    for (std::size_t i = 0; i < rule_action_count; ++i) {
        const Json document = document_of(static_cast<RuleAction>(i));
        const auto read = RuleRequestDocument::from_json(document, "r.json");
        REQUIRE(read);
        CHECK(read->to_json().dump() == document.dump());
        CHECK(read->request().action() == static_cast<RuleAction>(i));
    }
}

TEST_CASE("a single data set may stand without a list") {
    Json document = document_of(RuleAction::submit);
    CHECK(!document.contains("data"));
    document["data"] = plain_record(RecordKind::data, {{"id", "a"}}).to_json();
    const Json again = RuleRequestDocument::from_json(document, "r").value().to_json();
    CHECK(again["data"].is_array());
    CHECK(again["data"][0]["id"] == "a");
}

TEST_CASE("what is wrong in a document is named") {
    Json document = document_of(RuleAction::read);
    document["action"] = "reed";
    CHECK(refusal(document) == "r.json: action: there is no 'reed' (do you mean read?)");
    document = document_of(RuleAction::read);
    document["projekt"] = 1;
    CHECK(refusal(document) == "r.json: there is no subject 'projekt' (do you mean project?)");
    document = document_of(RuleAction::read);
    document["site"] = Json::object();
    CHECK(refusal(document) == "r.json: read does not concern site; leave it out");
    document = document_of(RuleAction::read);
    document.erase("person");
    CHECK(refusal(document) == "r.json: request to read: person is missing; this action concerns it");
    document = document_of(RuleAction::place);
    document["site"]["eu"] = "yes";
    CHECK(refusal(document) == "r.json: site: site.eu: a String, it must be a Bool");
    CHECK(refusal(Json::array()).find("must be an object") != std::string::npos);
    CHECK(refusal(Json::object()).find("action") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
