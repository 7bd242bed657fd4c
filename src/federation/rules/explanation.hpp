// Why a request was allowed or refused: every rule that was asked, and what it looked at.
//
// Evaluates again and keeps what decide() throws away; the verdict is the same. The JSON form is canonical
// (keys in fixed order), so that it can be an event. Plain values: no thread rule.
#pragma once

#include "federation/rules/rule_set.hpp"

namespace euromesh::federation {

struct LookedAt {
    std::string attribute;  // "data.residency"
    RuleValue value;        // absent when only `has` was asked of it
};

struct RuleAccount {
    const Rule* rule = nullptr;
    bool applied = false;
    std::size_t round = 0;            // which data set
    std::vector<LookedAt> looked_at;  // in the order of looking, each once
};

inline constexpr std::size_t rule_accounts_max = 65'536;

struct RuleExplanation {
    RuleVerdict verdict;
    std::vector<RuleAccount> evaluated;  // the first rule_accounts_max; the verdict is complete all the same
};

RuleExplanation explain(const RuleSet& federation, std::span<const RuleSet* const> narrowing,
                        const RuleRequest& request);

// A headline, then the deciding rules with reason, source and what they looked at; several lines.
std::string in_words(const RuleExplanation& explanation);

// {"allowed": false, "ground": "forbidden", "deciding": [{"rule": "eu-residency", "origin": "federation"}]}
Json to_json(const RuleVerdict& verdict);
// The same with "evaluated": all rules about this action.
Json to_json(const RuleExplanation& explanation);

}  // namespace euromesh::federation
