// The rule sets that travel inside the program: data/rules/* as they were when it was built.
//
// Why: a new federation starts with rules that have been thought about and tested, and changes them; the
// program works from any folder. cmake/embed.cmake puts the bytes in. Constant: any thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "facts/embedded.hpp"
#include "federation/rules/rule_set.hpp"

namespace euromesh::federation {

// In the order of their names: x.rules, and x.cases that test them.
std::span<const facts::EmbeddedFile> embedded_rules();

// `name` with or without ".rules". not_found: names those that there are.
Result<RuleText> shipped_rules(std::string_view name);
// All of them, as a new federation has them.
std::vector<RuleText> all_shipped_rules();
// All of them compiled, with the origin "federation".
std::shared_ptr<const RuleSet> shipped_rule_set();

}  // namespace euromesh::federation
