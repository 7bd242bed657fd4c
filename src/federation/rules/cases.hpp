// Tests of rules as data: named requests with the answer that is expected, beside the rules they test.
//
//   rules "base.rules", "residency.rules";      the federation's; without it, x.cases tests x.rules
//   narrowed by "site.rules";                   a site's own, optional
//   given project.country is "FI", site.eu is true;      holds for all cases that follow
//   case "EU data stays in the EU"
//   place given site.eu is false, data.residency is "eu"
//   refused by eu-residency;
//
// An attribute that is not given is false, 0, empty, or the first allowed word; an optional one is absent.
// "allowed by A, B" and "refused by A, B" name exactly the deciding rules, "refused by nothing" means that no
// rule permits; a plain "allowed" or "refused" takes any. Plain values and pure functions.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "federation/rules/rule_set.hpp"
#include "federation/rules/syntax.hpp"

namespace euromesh::federation {

struct RuleCase {
    std::string name;
    RulePlace place;
    RuleRequestDocument request;
    bool allowed = false;
    std::optional<std::vector<std::string>> deciding;  // sorted; empty: no rule permits
};

struct RuleCases {
    std::string file;
    std::vector<std::string> rules;      // as named; empty: the file beside
    std::vector<std::string> narrowing;  // of a site
    std::vector<RuleCase> cases;
};

// What can be read; the rest is in `problems`.
RuleCases parse_rule_cases(std::string_view text, const std::string& file, facts::Problems& problems);

struct RuleCaseFailure {
    const RuleCase* rule_case = nullptr;
    std::string text;  // what was expected, what came
};

struct RuleCaseResults {
    std::size_t passed = 0;
    std::vector<RuleCaseFailure> failures;
    std::vector<const Rule*> untested;  // applied in no case
};

RuleCaseResults run_rule_cases(const RuleCases& cases, const RuleSet& federation,
                               std::span<const RuleSet* const> narrowing);

}  // namespace euromesh::federation
