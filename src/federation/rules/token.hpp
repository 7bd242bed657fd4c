// The words of a rule text, each with its place.
//
// Why apart from the parser: the formatter works on the same words, comments included, and so cannot change
// what a rule means. A text is UTF-8 without control characters other than tab and line end; a comment goes
// from # to the end of the line. Tokens point into the text, which must outlive them. No thread rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "facts/problem.hpp"

namespace euromesh::federation {

enum class TokenKind : std::uint8_t {
    word,     // a keyword, a name, the id of a rule
    integer,  // 12, -5
    text,     // "quoted"
    mark,     // . , ; ( ) [ ] == != < <= > >=
    comment,  // # ..., without the line end
    end,
};

struct RuleToken {
    TokenKind kind = TokenKind::end;
    std::string_view raw;          // as written
    std::int32_t line = 1;         // from 1
    std::int32_t column = 1;       // from 1, in code points
    std::int32_t blank_lines = 0;  // that stand before it
    bool first_in_line = false;
};

// Always ends with a token of kind end. What is no token is reported and left out.
std::vector<RuleToken> rule_tokens(std::string_view text, const std::string& file, facts::Problems& problems);

// Of a token of kind text: without quotes, \" and \\ replaced.
std::string text_of(const RuleToken& token);

}  // namespace euromesh::federation
