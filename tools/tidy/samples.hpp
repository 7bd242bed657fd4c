// Bad code that must be caught, and good code that must not: the tests of the rules.
//
// A sample is a text: "path: P" (where it pretends to lie), "expect: RULE LINE" once for each finding (none
// for good code), "---", then the code; "@repeat N TEXT" stands for N lines of TEXT. A rule without a bad
// sample is itself a failure.
#pragma once

#include <cstddef>
#include <vector>

#include "tools/tidy/rules.hpp"

namespace euromesh::tidy {

// Prints each sample that is judged otherwise than it says; gives their number.
Result<std::size_t> prove(const Rules& rules, const std::vector<File>& samples);

}  // namespace euromesh::tidy
