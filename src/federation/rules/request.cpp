#include "federation/rules/request.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "facts/nearest.hpp"
#include "facts/problem.hpp"

namespace euromesh::federation {

namespace {

constexpr auto data_index = static_cast<std::size_t>(RuleSubject::data);

std::array<const RuleRecord*, rule_subject_count> by_subject(const RuleSubjects& subjects) {
    return {subjects.person, subjects.project,  &RuleRecord::no_data(), subjects.site,
            subjects.peer,   subjects.workload, subjects.incoming,      subjects.context};
}

Status check_record(RuleAction action, RuleSubject subject, const RuleRecord* record) {
    if (!record)
        return fail(Code::bad_input, "request to {}: {} is missing; this action concerns it", name_of(action),
                    name_of(subject));
    if (record->kind() != kind_of(subject))
        return fail(Code::bad_input, "request to {}: {} is a {}, it must be a {}", name_of(action),
                    name_of(subject), name_of(record->kind()), name_of(kind_of(subject)));
    return {};
}

Result<RuleAction> action_from(const Json& document, std::string_view where) {
    EM_ASSIGN(const std::string name, json_string(document, "action", where));
    if (const auto action = rule_action(name)) return *action;
    return fail(Code::bad_input, "{}: action: there is no '{}'{}", where, facts::shown(name),
                facts::do_you_mean(facts::nearest_names(name, rule_action_names())));
}

Result<RuleSubject> subject_from(RuleAction action, std::string_view key, std::string_view where) {
    const auto subject = rule_subject(key);
    if (!subject)
        return fail(Code::bad_input, "{}: there is no subject '{}'{}", where, facts::shown(key),
                    facts::do_you_mean(facts::nearest_names(key, rule_subject_names())));
    if (!concerns(action, *subject))
        return fail(Code::bad_input, "{}: {} does not concern {}; leave it out", where, name_of(action), key);
    return *subject;
}

Result<std::vector<RuleRecord>> data_from(const Json& value, std::string_view where) {
    const Json list = value.is_array() ? value : Json::array({value});
    if (list.size() > rule_data_sets_max)
        return fail(Code::bad_input, "{}: data: {} data sets, {} at most", where, list.size(),
                    rule_data_sets_max);
    std::vector<RuleRecord> records;
    for (const Json& entry : list) {
        EM_ASSIGN(RuleRecord record, RuleRecord::from_json(RecordKind::data, entry, where));
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace

Result<RuleRequest> RuleRequest::make(RuleAction action, const RuleSubjects& subjects) {
    RuleRequest request(action);
    const auto records = by_subject(subjects);
    for (std::size_t i = 0; i < rule_subject_count; ++i) {
        const auto subject = static_cast<RuleSubject>(i);
        if (!concerns(action, subject)) continue;
        EM_TRY(check_record(action, subject, records[i]));
        request.records_[i] = records[i];
    }
    if (!concerns(action, RuleSubject::data)) return request;
    if (subjects.data.size() > rule_data_sets_max)
        return fail(Code::bad_input, "request to {}: {} data sets, {} at most", name_of(action),
                    subjects.data.size(), rule_data_sets_max);
    for (const RuleRecord* record : subjects.data) EM_TRY(check_record(action, RuleSubject::data, record));
    request.data_ = subjects.data;
    return request;
}

Result<RuleRequestDocument> RuleRequestDocument::from_json(const Json& document, std::string_view where) {
    if (!document.is_object()) return fail(Code::bad_input, "{}: a request must be an object", where);
    EM_ASSIGN(const RuleAction action, action_from(document, where));
    RuleRequestDocument read(action);
    for (const auto& [key, value] : document.items()) {
        if (key == "action") continue;
        EM_ASSIGN(const RuleSubject subject, subject_from(action, key, where));
        if (subject == RuleSubject::data) {
            EM_ASSIGN(read.data_, data_from(value, where));
            continue;
        }
        EM_ASSIGN(RuleRecord record,
                  RuleRecord::from_json(kind_of(subject), value, fmt::format("{}: {}", where, key)));
        read.records_[static_cast<std::size_t>(subject)] = std::make_unique<RuleRecord>(std::move(record));
    }
    if (auto complete = RuleRequest::make(action, read.subjects()); !complete)
        return fail(complete.error().within(std::string(where)));
    return read;
}

RuleRequestDocument RuleRequestDocument::copy_of(const RuleRequest& request) {
    RuleRequestDocument copy(request.action());
    for (std::size_t i = 0; i < rule_subject_count; ++i) {
        const RuleRecord* record = request.record(static_cast<RuleSubject>(i), 0);
        if (record && i != data_index) copy.records_[i] = std::make_unique<RuleRecord>(*record);
    }
    if (!concerns(request.action(), RuleSubject::data)) return copy;
    for (std::size_t round = 0; round < request.rounds(); ++round) {
        const RuleRecord* record = request.record(RuleSubject::data, round);
        if (record != &RuleRecord::no_data()) copy.data_.push_back(*record);
    }
    return copy;
}

RuleSubjects RuleRequestDocument::subjects() const {
    const auto at = [&](RuleSubject subject) { return records_[static_cast<std::size_t>(subject)].get(); };
    using enum RuleSubject;
    RuleSubjects all{at(person), at(project),  {},           at(site),
                     at(peer),   at(workload), at(incoming), at(context)};
    for (const RuleRecord& record : data_) all.data.push_back(&record);
    return all;
}

RuleRequest RuleRequestDocument::request() const {
    auto request = RuleRequest::make(action_, subjects());
    EM_ASSERT(request, "a document was checked when it was made");
    return std::move(*request);
}

Json RuleRequestDocument::to_json() const {
    Json document = {{"action", name_of(action_)}};
    for (std::size_t i = 0; i < rule_subject_count; ++i) {
        const std::string name(name_of(static_cast<RuleSubject>(i)));
        if (records_[i]) document[name] = records_[i]->to_json();
        if (i != data_index || data_.empty()) continue;
        Json list = Json::array();
        for (const RuleRecord& record : data_) list.push_back(record.to_json());
        document[name] = std::move(list);
    }
    return document;
}

}  // namespace euromesh::federation
