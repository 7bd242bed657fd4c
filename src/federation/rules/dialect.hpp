// Rules written out again from what the parser made of them: in our language, and in Cedar's.
//
// Why Cedar: the two languages share a large part, so that an independent engine can be asked the same
// questions (tests/rules). Every subject becomes an attribute of Cedar's context. Pure functions: any thread.
#pragma once

#include <string>

#include "federation/rules/syntax.hpp"

namespace euromesh::federation {

std::string to_rule_text(const RuleSyntax& rule);
// One policy; principal and resource play no part in it.
std::string to_cedar_text(const RuleSyntax& rule);

}  // namespace euromesh::federation
