// Checks a rule against the schema and turns its condition into a program.
//
// Why: all that could go wrong is told here, with its place, so that evaluation cannot fail. An optional
// attribute may be read only where a `has` before it has shown that it is there: "a has b and a.b == ...",
// "not a has b or a.b == ...". A text that an attribute can never be is an error, too. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "federation/rules/program.hpp"

namespace euromesh::federation {

inline constexpr std::size_t rule_tests_max = 4096;

struct CompiledRule {
    std::vector<RuleAction> actions;  // each once, in the schema's order
    RuleProgram program;
};

// Nothing when there is anything to complain about; all complaints are noted.
std::optional<CompiledRule> compile_rule(const RuleSyntax& rule, const std::string& file,
                                         facts::Problems& problems);

}  // namespace euromesh::federation
