// For tests: records with every attribute at its plainest, some of them changed; rules from one line.
#pragma once

#include <doctest/doctest.h>

#include "federation/rules/rule_set.hpp"

namespace euromesh::federation {

inline RuleValue plain_value(const RuleAttribute& attribute) {
    if (attribute.optional) return {};
    if (attribute.type == RuleType::boolean) return false;
    if (attribute.type == RuleType::integer) return std::int64_t{0};
    if (attribute.type == RuleType::text_set) return std::vector<std::string>();
    return attribute.allowed.empty() ? std::string() : std::string(attribute.allowed[0]);
}

inline RuleRecord plain_record(RecordKind kind, const RuleRecord::Fields& changed = {}) {
    RuleRecord::Fields fields;
    for (const RuleAttribute& attribute : attributes_of(kind))
        fields.emplace_back(attribute.name, plain_value(attribute));
    fields.insert(fields.end(), changed.begin(), changed.end());
    auto record = RuleRecord::make(kind, fields);
    REQUIRE_MESSAGE(record, (record ? "" : record.error().message));
    return *record;
}

// One record of each kind; a request about any action.
struct PlainRecords {
    RuleRecord person = plain_record(RecordKind::person);
    RuleRecord project = plain_record(RecordKind::project);
    RuleRecord site = plain_record(RecordKind::site);
    RuleRecord peer = plain_record(RecordKind::site);
    RuleRecord workload = plain_record(RecordKind::workload);
    RuleRecord incoming = plain_record(RecordKind::workload);
    RuleRecord context = plain_record(RecordKind::context);
    std::vector<RuleRecord> data = {};

    RuleSubjects subjects() const {
        RuleSubjects all{&person, &project, {}, &site, &peer, &workload, &incoming, &context};
        for (const RuleRecord& record : data) all.data.push_back(&record);
        return all;
    }
    RuleRequest request(RuleAction action) const { return RuleRequest::make(action, subjects()).value(); }
};

// `rule ID "reason" source "law" REST;`
inline std::string rule_text(const std::string& id, const std::string& rest) {
    return "rule " + id + "\n  \"because " + id + "\"\n  source \"law of " + id + "\"\n" + rest + ";\n";
}

inline std::shared_ptr<const RuleSet> rules_of(const std::string& text,
                                               const std::string& origin = "federation") {
    auto set = RuleSet::compile(origin, {{"test.rules", text}});
    REQUIRE_MESSAGE(set, (set ? "" : set.error().message));
    return *set;
}

// All that is wrong, a line each.
inline std::string problems_in(const std::string& text) {
    facts::Problems problems;
    RuleSet::compile("federation", {{"t", text}}, problems);
    problems.sort();
    std::string lines;
    for (const facts::Problem& problem : problems.kept()) lines += facts::in_words(problem) + "\n";
    return lines;
}

inline std::vector<std::string> ids_of(const std::vector<const Rule*>& rules) {
    std::vector<std::string> ids;
    for (const Rule* rule : rules) ids.push_back(rule->id);
    return ids;
}

}  // namespace euromesh::federation
