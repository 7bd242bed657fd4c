#include "federation/rules/schema.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace euromesh::federation {

namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 5> organisation_kinds = {"research", "public", "sme", "startup",
                                                                "company"};
constexpr std::array<std::string_view, 3> shares = {"ju", "national", "private"};
constexpr std::array<std::string_view, 4> residencies = {"none", "eu", "country", "site"};
constexpr std::array<std::string_view, 5> classes = {"production", "development", "scavenger", "service",
                                                     "emergency"};
constexpr std::array<std::string_view, 3> export_classes = {"none", "listed", "unknown"};
constexpr std::array<std::string_view, 2> modes = {"normal", "emergency"};

constexpr RuleAttribute flag(std::string_view name, std::string_view meaning) {
    return {name, RuleType::boolean, false, {}, meaning};
}
constexpr RuleAttribute number(std::string_view name, std::string_view meaning) {
    return {name, RuleType::integer, false, {}, meaning};
}
constexpr RuleAttribute text(std::string_view name, std::string_view meaning) {
    return {name, RuleType::text, false, {}, meaning};
}
constexpr RuleAttribute optional_text(std::string_view name, std::string_view meaning) {
    return {name, RuleType::text, true, {}, meaning};
}
constexpr RuleAttribute one_of(std::string_view name, Words allowed, std::string_view meaning) {
    return {name, RuleType::text, false, allowed, meaning};
}
constexpr RuleAttribute text_set(std::string_view name, std::string_view meaning) {
    return {name, RuleType::text_set, false, {}, meaning};
}

constexpr RuleAttribute person_attributes[] = {
    text("issuer", "who vouches for the person: the issuer of the identity token"),
    text("subject", "the person's name at that issuer"),
    text_set("groups", "groups that the issuer asserts"),
    text_set("scopes", "what the token may be used for, such as compute.create"),
    text_set("roles", "offices in the federation: reviewer, operator, board, site-admin ..."),
    optional_text("country", "ISO 3166-1 alpha-2, when the issuer tells it"),
};

constexpr RuleAttribute project_attributes[] = {
    text("id", "the project's name"),
    text("organisation", "the legal person that answers for it"),
    one_of("organisation_kind", organisation_kinds, "what that legal person is"),
    text("country", "where it is registered, ISO 3166-1 alpha-2"),
    flag("eu", "that country is a member of the EU"),
    flag("participating", "that country takes part in the EuroHPC joint undertaking"),
    flag("civilian", "the project has declared civilian use only"),
    text("tier", "the access tier that it has, or asks for"),
    number("asked_milli_gpu_hours", "what it asks for or was granted, in thousandths of a GPU-hour"),
    one_of("award", shares, "whose time it was granted: the joint undertaking's, a country's, a site's own"),
    text_set("groups", "groups whose members work in it"),
};

constexpr RuleAttribute data_attributes[] = {
    text("id", "the data set's name; empty: the workload has no data set"),
    one_of("residency", residencies, "what it must not leave"),
    optional_text("country", "the country it must not leave, ISO 3166-1 alpha-2"),
    optional_text("site", "the site it must not leave"),
    flag("sensitive", "only sites with the label sensitive-data may hold it"),
};

constexpr RuleAttribute site_attributes[] = {
    text("id", "the site's name"),
    text("country", "where it stands, ISO 3166-1 alpha-2"),
    flag("eu", "that country is a member of the EU"),
    text("operator", "the legal person that runs it"),
    one_of("hosting", shares, "ju: part of its time belongs to the joint undertaking"),
    text_set("owners", "countries that own the national share, the host's own included"),
    text_set("labels", "what else the site says of itself"),
};

constexpr RuleAttribute workload_attributes[] = {
    text("kind", "training, inference, simulation ..."),
    one_of("class", classes, "its priority"),
    text("tier", "the access tier that it is charged to"),
    number("gpus", "accelerators at once, at one site"),
    number("milli_gpu_hours", "at most, in thousandths of a GPU-hour"),
    number("duration_s", "at most, in seconds"),
    flag("federated", "it runs at several sites that exchange pseudo-gradients"),
    flag("exports_weights", "model weights leave the site where they were made"),
    one_of("export_class", export_classes, "of these weights: listed in Annex I of Regulation (EU) 2021/821"),
    flag("export_authorised", "an export authorisation for these weights is on record"),
};

constexpr RuleAttribute context_attributes[] = {
    one_of("mode", modes, "emergency: declared by those who may, and not yet over"),
    number("time_ms", "milliseconds since 1970-01-01 UTC"),
    one_of("share", shares, "whose time at the site would pay"),
};

struct Subject {
    std::string_view name;
    RecordKind kind;
};
constexpr std::array<Subject, rule_subject_count> subjects = {{{"person", RecordKind::person},
                                                               {"project", RecordKind::project},
                                                               {"data", RecordKind::data},
                                                               {"site", RecordKind::site},
                                                               {"peer", RecordKind::site},
                                                               {"workload", RecordKind::workload},
                                                               {"incoming", RecordKind::workload},
                                                               {"context", RecordKind::context}}};

struct Action {
    std::string_view name;
    unsigned subjects;
};

constexpr unsigned bits(std::initializer_list<RuleSubject> list) {
    unsigned all = 0;
    for (const RuleSubject subject : list) all |= 1u << static_cast<unsigned>(subject);
    return all;
}

constexpr std::array<Action, rule_action_count> actions_of_schema() {
    using enum RuleSubject;
    return {{{"apply", bits({person, project, context})},
             {"submit", bits({person, project, data, workload, context})},
             {"place", bits({person, project, data, site, workload, context})},
             {"move", bits({person, project, data, site, peer, workload, context})},
             {"exchange", bits({person, project, data, site, peer, workload, context})},
             {"read", bits({person, project, context})},
             {"cancel", bits({person, project, workload, context})},
             {"review", bits({person, project, context})},
             {"admit", bits({person, site, context})},
             {"change_rules", bits({person, context})},
             {"preempt", bits({project, site, workload, incoming, context})}}};
}
constexpr auto actions = actions_of_schema();

const Subject& at(RuleSubject subject) {
    return subjects[static_cast<std::size_t>(subject)];
}

template <class Table>
std::optional<std::size_t> index_of(const Table& table, std::string_view name) {
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const auto& x) { return x.name == name; });
    if (found == table.end()) return std::nullopt;
    return static_cast<std::size_t>(found - table.begin());
}

template <class Table>
std::vector<std::string> names_in(const Table& table) {
    std::vector<std::string> names;
    for (const auto& entry : table) names.emplace_back(entry.name);
    return names;
}

constexpr std::array<RecordKind, record_kind_count> kinds = {RecordKind::person,   RecordKind::project,
                                                             RecordKind::data,     RecordKind::site,
                                                             RecordKind::workload, RecordKind::context};

std::string type_in_words(const RuleAttribute& attribute) {
    std::string words(name_of(attribute.type));
    if (!attribute.allowed.empty()) words = fmt::format("\"{}\"", fmt::join(attribute.allowed, "\" | \""));
    return attribute.optional ? words + ", optional" : words;
}

std::vector<std::string_view> subjects_of(RuleAction action) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < rule_subject_count; ++i) {
        if (concerns(action, static_cast<RuleSubject>(i))) names.push_back(subjects[i].name);
    }
    return names;
}

}  // namespace

std::span<const RuleAttribute> attributes_of(RecordKind kind) {
    switch (kind) {
        case RecordKind::person:
            return person_attributes;
        case RecordKind::project:
            return project_attributes;
        case RecordKind::data:
            return data_attributes;
        case RecordKind::site:
            return site_attributes;
        case RecordKind::workload:
            return workload_attributes;
        case RecordKind::context:
            return context_attributes;
    }
    EM_ASSERT(false, "a kind that there is not");
    return {};
}

RecordKind kind_of(RuleSubject subject) {
    return at(subject).kind;
}

bool concerns(RuleAction action, RuleSubject subject) {
    return (actions[static_cast<std::size_t>(action)].subjects >> static_cast<unsigned>(subject) & 1u) != 0;
}

std::string_view name_of(RuleAction action) {
    return actions[static_cast<std::size_t>(action)].name;
}

std::string_view name_of(RuleSubject subject) {
    return at(subject).name;
}

std::string_view name_of(RecordKind kind) {
    constexpr std::array<std::string_view, record_kind_count> names = {"person", "project",  "data",
                                                                       "site",   "workload", "context"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(RuleType type) {
    constexpr std::array<std::string_view, 4> names = {"Bool", "Int", "String", "Set of String"};
    return names[static_cast<std::size_t>(type)];
}

std::string_view with_article(RuleType type) {
    constexpr std::array<std::string_view, 4> names = {"a Bool", "an Int", "a String", "a Set of String"};
    return names[static_cast<std::size_t>(type)];
}

std::optional<RuleAction> rule_action(std::string_view name) {
    const auto index = index_of(actions, name);
    return index ? std::optional(static_cast<RuleAction>(*index)) : std::nullopt;
}

std::optional<RuleSubject> rule_subject(std::string_view name) {
    const auto index = index_of(subjects, name);
    return index ? std::optional(static_cast<RuleSubject>(*index)) : std::nullopt;
}

std::optional<std::size_t> rule_attribute(RecordKind kind, std::string_view name) {
    return index_of(attributes_of(kind), name);
}

const std::vector<std::string>& rule_action_names() {
    static const std::vector<std::string> names = names_in(actions);
    return names;
}

const std::vector<std::string>& rule_subject_names() {
    static const std::vector<std::string> names = names_in(subjects);
    return names;
}

std::vector<std::string> rule_attribute_names(RecordKind kind) {
    return names_in(attributes_of(kind));
}

Json rule_schema_json() {
    Json records = Json::object();
    for (const RecordKind kind : kinds) {
        Json fields = Json::array();
        for (const RuleAttribute& attribute : attributes_of(kind)) {
            Json field = {{"name", attribute.name}, {"type", name_of(attribute.type)}};
            if (attribute.optional) field["optional"] = true;
            if (!attribute.allowed.empty())
                field["allowed"] =
                    std::vector<std::string>(attribute.allowed.begin(), attribute.allowed.end());
            field["meaning"] = attribute.meaning;
            fields.push_back(std::move(field));
        }
        records[std::string(name_of(kind))] = std::move(fields);
    }
    Json of_subjects = Json::object();
    for (const Subject& subject : subjects) of_subjects[std::string(subject.name)] = name_of(subject.kind);
    Json of_actions = Json::object();
    for (std::size_t i = 0; i < rule_action_count; ++i)
        of_actions[std::string(actions[i].name)] = subjects_of(static_cast<RuleAction>(i));
    return {{"records", std::move(records)},
            {"subjects", std::move(of_subjects)},
            {"actions", std::move(of_actions)}};
}

std::string rule_schema_text() {
    std::string text;
    for (const RecordKind kind : kinds) {
        text +=
            fmt::format("{}{}\n", name_of(kind),
                        kind == RecordKind::site       ? "  (also: peer, the other site)"
                        : kind == RecordKind::workload ? "  (also: incoming, the one that would displace it)"
                                                       : "");
        for (const RuleAttribute& attribute : attributes_of(kind))
            text +=
                fmt::format("  {:<22} {}: {}\n", attribute.name, type_in_words(attribute), attribute.meaning);
    }
    text += "actions and what they concern\n";
    for (std::size_t i = 0; i < rule_action_count; ++i) {
        text += fmt::format("  {:<13} {}\n", actions[i].name,
                            fmt::join(subjects_of(static_cast<RuleAction>(i)), ", "));
    }
    return text;
}

}  // namespace euromesh::federation
