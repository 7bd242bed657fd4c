// What is known of a person, project, data set, site, workload or situation, checked against the schema.
//
// Why: rules never fail when they are evaluated, because a record with a missing, unknown or wrongly typed
// attribute cannot be made. A record is built once (a site's when it announces itself) and used for many
// requests. Sets are kept sorted and without doubles. Immutable: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "federation/rules/schema.hpp"

namespace euromesh::federation {

// The first one stands for an optional attribute that is not there.
using RuleValue = std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

inline constexpr std::size_t rule_text_value_max_bytes = 1024;
inline constexpr std::size_t rule_set_value_max = 1024;  // members

class RuleRecord {
  public:
    using Fields = std::vector<std::pair<std::string_view, RuleValue>>;

    // bad_input: names the attribute, what is wrong and what would be right.
    static Result<RuleRecord> make(RecordKind kind, const Fields& fields);
    // {"id": "lumi", "eu": true, "labels": ["gpu"]}; an optional attribute may be left out, null is refused.
    static Result<RuleRecord> from_json(RecordKind kind, const Json& object, std::string_view where);

    // What a workload without data sets is checked with: residency none, not sensitive.
    static const RuleRecord& no_data();

    RecordKind kind() const { return kind_; }
    // By the attribute's place in attributes_of(kind()).
    const RuleValue& value(std::size_t attribute) const { return values_[attribute]; }
    // In the schema's order; what is absent is left out.
    Json to_json() const;

    bool operator==(const RuleRecord&) const = default;

  private:
    RuleRecord(RecordKind kind, std::size_t count) : kind_(kind), values_(count) {}
    RecordKind kind_;
    std::vector<RuleValue> values_;
};

Json to_json(const RuleValue& value);

}  // namespace euromesh::federation
