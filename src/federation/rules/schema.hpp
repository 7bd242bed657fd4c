// What rules may speak about: the subjects of a request, their attributes with types, and the actions.
//
// Why: the schema is data beside the evaluator, so that a rule is checked against it once, when it is read,
// and cannot fail later. Subjects are records of a kind: `site` and `peer` are both of the kind site,
// `workload` and `incoming` (the workload that asks another one to give way) both of the kind workload.
// Constant: any thread. It knows neither rules nor values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace euromesh::federation {

enum class RuleAction : std::uint8_t {
    apply,         // a project asks for a tier
    submit,        // a workload is handed in
    place,         // a workload would run at a site
    move,          // a data set would go from site to peer
    exchange,      // pseudo-gradients would go from site to peer
    read,          // somebody looks at what belongs to a project
    cancel,        // somebody ends a workload
    review,        // somebody decides on an application
    admit,         // a site joins
    change_rules,  // rules are replaced
    preempt,       // workload gives way to incoming at a site
};
inline constexpr std::size_t rule_action_count = 11;

enum class RuleSubject : std::uint8_t { person, project, data, site, peer, workload, incoming, context };
inline constexpr std::size_t rule_subject_count = 8;

enum class RecordKind : std::uint8_t { person, project, data, site, workload, context };
inline constexpr std::size_t record_kind_count = 6;

enum class RuleType : std::uint8_t { boolean, integer, text, text_set };

struct RuleAttribute {
    std::string_view name;
    RuleType type = RuleType::text;
    bool optional = false;                      // a rule must ask `has` before it reads it
    std::span<const std::string_view> allowed;  // of a text: nothing else may stand there; empty: any text
    std::string_view meaning;
};

std::span<const RuleAttribute> attributes_of(RecordKind kind);
RecordKind kind_of(RuleSubject subject);
bool concerns(RuleAction action, RuleSubject subject);

std::string_view name_of(RuleAction action);
std::string_view name_of(RuleSubject subject);
std::string_view name_of(RecordKind kind);
std::string_view name_of(RuleType type);       // "Bool", "Int", "String", "Set of String"
std::string_view with_article(RuleType type);  // "a Bool", "an Int" ...

std::optional<RuleAction> rule_action(std::string_view name);
std::optional<RuleSubject> rule_subject(std::string_view name);
// Its place in attributes_of(kind).
std::optional<std::size_t> rule_attribute(RecordKind kind, std::string_view name);

const std::vector<std::string>& rule_action_names();
const std::vector<std::string>& rule_subject_names();
std::vector<std::string> rule_attribute_names(RecordKind kind);

// The whole schema, for programs and for people.
Json rule_schema_json();
std::string rule_schema_text();

}  // namespace euromesh::federation
