#include "federation/rules/explanation.hpp"

#include <algorithm>

#include "facts/problem.hpp"

namespace euromesh::federation {

namespace {

LookedAt read(const RuleProgram::Look& look, const RuleRequest& request, std::size_t round) {
    const RecordKind kind = kind_of(look.subject);
    return {fmt::format("{}.{}", name_of(look.subject), attributes_of(kind)[look.attribute].name),
            request.record(look.subject, round)->value(look.attribute)};
}

void account_for(const RuleSet& set, const RuleRequest& request, std::vector<RuleAccount>& accounts) {
    for (const std::size_t index : set.about(request.action())) {
        const RuleProgram& program = set.program(index);
        const std::size_t rounds = program.depends_on_data() ? request.rounds() : 1;
        for (std::size_t round = 0; round < rounds && accounts.size() < rule_accounts_max; ++round) {
            std::vector<RuleProgram::Look> looks;
            RuleAccount account{&set.rules()[index], program.holds(request, round, &looks), round, {}};
            for (const RuleProgram::Look& look : looks)
                account.looked_at.push_back(read(look, request, round));
            accounts.push_back(std::move(account));
        }
    }
}

std::string in_words(const LookedAt& look) {
    if (std::holds_alternative<std::monostate>(look.value))
        return fmt::format("{} is absent", look.attribute);
    return fmt::format("{} is {}", look.attribute, facts::shown(federation::to_json(look.value).dump(), 200));
}

std::string in_words(const RuleAccount& account) {
    const Rule& rule = *account.rule;
    std::string text = fmt::format("  {} ({}, {}:{}): {} [{}]\n", rule.id, rule.origin, rule.file, rule.line,
                                   rule.reason, rule.source);
    for (const LookedAt& look : account.looked_at) text += fmt::format("    {}\n", in_words(look));
    return text;
}

bool decides(const RuleVerdict& verdict, const Rule* rule) {
    return std::find(verdict.deciding.begin(), verdict.deciding.end(), rule) != verdict.deciding.end();
}

std::string headline(const RuleVerdict& verdict) {
    switch (verdict.ground) {
        case RuleGround::permitted:
            return "allowed: permitted, and nothing forbids it\n";
        case RuleGround::forbidden:
            return "refused: forbidden\n";
        case RuleGround::no_permit:
            break;
    }
    return fmt::format("refused: no rule of {} permits it\n", verdict.without_permit);
}

Json to_json(const RuleAccount& account) {
    Json looked_at = Json::object();
    for (const LookedAt& look : account.looked_at)
        looked_at[look.attribute] = federation::to_json(look.value);
    const Rule& rule = *account.rule;
    return {{"rule", rule.id},
            {"origin", rule.origin},
            {"effect", name_of(rule.effect)},
            {"applied", account.applied},
            {"data_set", account.round},
            {"reason", rule.reason},
            {"source", rule.source},
            {"file", rule.file},
            {"line", rule.line},
            {"looked_at", std::move(looked_at)}};
}

}  // namespace

RuleExplanation explain(const RuleSet& federation, std::span<const RuleSet* const> narrowing,
                        const RuleRequest& request) {
    RuleExplanation explanation{decide(federation, narrowing, request), {}};
    account_for(federation, request, explanation.evaluated);
    for (const RuleSet* set : narrowing) account_for(*set, request, explanation.evaluated);
    return explanation;
}

std::string in_words(const RuleExplanation& explanation) {
    const RuleVerdict& verdict = explanation.verdict;
    std::string text = headline(verdict);
    for (const RuleAccount& account : explanation.evaluated) {
        if (account.applied && decides(verdict, account.rule)) text += in_words(account);
    }
    if (verdict.ground != RuleGround::no_permit) return text;
    for (const RuleAccount& account : explanation.evaluated) {
        if (account.rule->effect == RuleEffect::permit && !account.applied &&
            account.rule->origin == verdict.without_permit)
            text += "  does not apply:\n" + in_words(account);
    }
    return text;
}

Json to_json(const RuleVerdict& verdict) {
    Json deciding = Json::array();
    for (const Rule* rule : verdict.deciding)
        deciding.push_back({{"rule", rule->id}, {"origin", rule->origin}});
    Json document = {
        {"allowed", verdict.allowed}, {"ground", name_of(verdict.ground)}, {"deciding", std::move(deciding)}};
    if (!verdict.without_permit.empty()) document["without_permit"] = verdict.without_permit;
    return document;
}

Json to_json(const RuleExplanation& explanation) {
    Json document = to_json(explanation.verdict);
    Json evaluated = Json::array();
    for (const RuleAccount& account : explanation.evaluated) evaluated.push_back(to_json(account));
    document["evaluated"] = std::move(evaluated);
    return document;
}

}  // namespace euromesh::federation
