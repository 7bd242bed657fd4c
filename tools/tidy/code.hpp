// C++ text as the rules see it: comments and the insides of literals blanked, line for line.
//
// A scanner, not a parser: it knows enough of C++ to count functions and find words, and nothing of macros.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace euromesh::tidy {

// The same length and lines; characters of comments, strings and character literals become spaces.
// Preprocessor lines are blanked too when `blank_directives`: their braces belong to no function.
std::string code_only(std::string_view text, bool blank_directives);

struct Span {
    std::size_t first_line = 0;
    std::size_t lines = 0;
};

// Functions with a body, from their first line to the closing brace; lambdas belong to their function.
std::vector<Span> functions_of(std::string_view code);

// 1 for the first line.
std::size_t line_of(std::string_view text, std::size_t position);

}  // namespace euromesh::tidy
