// One way to lay out rules: comments stay, words stay, only white space changes.
//
// Works on the words of the text and not on what they mean, so that it cannot change a rule. Idempotent. A
// condition wider than a line is broken before each "or" of its outermost level, or each "and" if there is no
// such "or". Pure function: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "facts/problem.hpp"

namespace euromesh::federation {

inline constexpr std::size_t rule_line_width = 100;

// Nothing when the text cannot be parsed: `problems` has why. Names and types are not looked at.
std::optional<std::string> format_rules(std::string_view text, const std::string& file,
                                        facts::Problems& problems);

}  // namespace euromesh::federation
