#include "federation/core/law.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace euromesh::federation {
namespace {

bool holds(const std::vector<std::string>& list, const std::string& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
}

std::vector<RuleText> rule_texts(const std::vector<NamedText>& texts) {
    std::vector<RuleText> all;
    for (const NamedText& one : texts) all.push_back({one.name, one.text});
    return all;
}

// Rules read one line of text; what was accepted elsewhere with more is cut down.
std::string one_line(const std::string& text) {
    std::string line = text.substr(0, rule_text_value_max_bytes);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return line;
}

std::vector<std::string> lines(const std::vector<std::string>& texts) {
    std::vector<std::string> all;
    for (const std::string& text : texts)
        if (all.size() < rule_set_value_max) all.push_back(one_line(text));
    return all;
}

RuleRecord made(RecordKind kind, const RuleRecord::Fields& fields) {
    auto record = RuleRecord::make(kind, fields);
    if (!record) assertion_failed("RuleRecord::make", record.error().message.c_str(), __FILE__, __LINE__);
    return std::move(*record);
}

std::string member_group(const ProjectRecord& project) {
    return "member-of:" + project.id;
}

RuleValue text_or_none(const std::string& text) {
    if (text.empty()) return std::monostate{};
    return one_line(text);
}

}  // namespace

bool has_scope(const Actor& actor, std::string_view scope) {
    return holds(actor.scopes, std::string(scope));
}

bool is_member(const ProjectRecord& project, const Actor& actor) {
    if (holds(project.members, actor.account) || holds(project.managers, actor.account)) return true;
    return std::any_of(project.groups.begin(), project.groups.end(),
                       [&](const std::string& group) { return holds(actor.groups, group); });
}

bool is_administrator(const Tables& tables, const Actor& actor) {
    return !actor.account.empty() && holds(tables.federation().administrators, actor.account);
}

std::string LawAnswer::words() const {
    if (allowed) return "allowed by " + rule;
    if (rule.empty()) return fmt::format("refused: no rule ({}) permits it", origin);
    return fmt::format("refused by {} ({}): {}", rule, origin, reason);
}

Result<std::string> rules_digest(const std::string& origin, const std::vector<NamedText>& texts) {
    EM_ASSIGN(const auto set, RuleSet::compile(origin, rule_texts(texts)));
    return to_hex(set->digest());
}

Result<std::shared_ptr<const LawBook>> LawBook::build(const Tables& tables) {
    const auto book = std::make_shared<LawBook>();
    const auto compile = [](const std::string& origin, const std::vector<NamedText>& texts) {
        return RuleSet::compile(origin, rule_texts(texts)).map_error([&](const Error& error) {
            return Error{Code::corrupted, "rules of " + origin + " in the log: " + error.message};
        });
    };
    EM_ASSIGN(book->federation_, compile("federation", tables.federation().rules));
    for (const auto& [id, site] : tables.sites()) {
        if (!site.described || site.document.rules.empty()) continue;
        EM_ASSIGN(book->sites_[id], compile(id, {{id + ".rules", site.document.rules}}));
    }
    return std::shared_ptr<const LawBook>(book);
}

const RuleSet* LawBook::of_site(const std::string& site) const {
    const auto found = sites_.find(site);
    return found == sites_.end() ? nullptr : found->second.get();
}

RuleRecord LawBook::person(const Tables& tables, const Actor& actor, const ProjectRecord* project) const {
    const auto bar = actor.account.rfind('|');
    std::vector<std::string> groups = lines(actor.groups);
    if (project != nullptr &&
        (holds(project->members, actor.account) || holds(project->managers, actor.account)))
        groups.insert(groups.begin(), member_group(*project));
    if (groups.size() > rule_set_value_max) groups.resize(rule_set_value_max);
    std::vector<std::string> roles;
    if (is_administrator(tables, actor)) roles = {"board", "operator"};
    if (holds(tables.federation().reviewers, actor.account)) roles.push_back("reviewer");
    return made(
        RecordKind::person,
        {{"issuer", one_line(bar == std::string::npos ? "" : actor.account.substr(0, bar))},
         {"subject", one_line(bar == std::string::npos ? actor.account : actor.account.substr(bar + 1))},
         {"groups", std::move(groups)},
         {"scopes", lines(actor.scopes)},
         {"roles", std::move(roles)}});
}

RuleRecord LawBook::project(const Tables& tables, const ProjectRecord& project, const std::string& tier,
                            const std::string& share, std::int64_t amount) const {
    std::vector<std::string> groups = lines(project.groups);
    groups.insert(groups.begin(), member_group(project));
    if (groups.size() > rule_set_value_max) groups.resize(rule_set_value_max);
    return made(RecordKind::project,
                {{"id", project.id},
                 {"organisation", one_line(project.organisation)},
                 {"organisation_kind", project.organisation_kind},
                 {"country", project.country},
                 {"eu", holds(tables.federation().eu_countries, project.country)},
                 {"participating", holds(tables.federation().participating_countries, project.country)},
                 {"civilian", project.civilian},
                 {"tier", tier},
                 {"asked_milli_gpu_hours", amount},
                 {"award", share},
                 {"groups", std::move(groups)}});
}

RuleRecord LawBook::data(const DataRecord& data) const {
    return made(RecordKind::data, {{"id", data.id},
                                   {"residency", data.residency},
                                   {"country", text_or_none(data.country)},
                                   {"site", text_or_none(data.site)},
                                   {"sensitive", data.sensitive}});
}

RuleRecord LawBook::site(const Tables& tables, const SiteRecord& site) const {
    return made(RecordKind::site, {{"id", site.id},
                                   {"country", site.country},
                                   {"eu", holds(tables.federation().eu_countries, site.country)},
                                   {"operator", one_line(site.op)},
                                   {"hosting", site.hosting},
                                   {"owners", lines(site.owners)},
                                   {"labels", lines(site.document.labels)}});
}

RuleRecord LawBook::workload(const contract::JobSpec& spec, const std::string& tier,
                             bool export_authorised) const {
    const std::int64_t amount =
        std::min(amount_most, milli_gpu_hours(spec.gpus_per_site(), spec.duration_ms) * spec.sites);
    return made(RecordKind::workload, {{"kind", spec.kind},
                                       {"class", spec.job_class},
                                       {"tier", tier},
                                       {"gpus", spec.gpus_per_site()},
                                       {"milli_gpu_hours", amount},
                                       {"duration_s", spec.duration_ms / 1000},
                                       {"federated", spec.sites > 1},
                                       {"exports_weights", spec.exports_weights},
                                       {"export_class", spec.export_class},
                                       {"export_authorised", export_authorised}});
}

RuleRecord LawBook::context(const Tables& tables, std::int64_t now_ms, const std::string& share) const {
    return made(RecordKind::context,
                {{"mode", tables.mode_at(now_ms)}, {"time_ms", now_ms}, {"share", share}});
}

LawAnswer LawBook::ask(RuleAction action, const RuleSubjects& subjects,
                       const std::vector<std::string>& sites) const {
    const auto request = RuleRequest::make(action, subjects);
    if (!request) assertion_failed("RuleRequest::make", request.error().message.c_str(), __FILE__, __LINE__);
    std::vector<const RuleSet*> narrowing;
    for (const std::string& site : sites)
        if (const RuleSet* set = of_site(site)) narrowing.push_back(set);
    const RuleVerdict verdict = decide(*federation_, narrowing, *request);
    LawAnswer answer{verdict.allowed, "", std::string(verdict.without_permit), ""};
    if (!verdict.deciding.empty()) {
        const Rule& rule = *verdict.deciding.front();
        answer.rule = rule.id;
        answer.origin = rule.origin;
        answer.reason = rule.reason;
    }
    return answer;
}

}  // namespace euromesh::federation
