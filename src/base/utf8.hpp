// Is this text UTF-8 (RFC 3629)? Overlong forms, surrogates and what lies beyond U+10FFFF are not.
//
// Why: whatever is written into JSON, a page or a message must be. Pure functions: any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace euromesh {

// Length of the sequence that starts the text (not empty), or 0 when none does.
std::size_t utf8_sequence(std::string_view text);

// Offset of the first byte that starts no sequence, or npos.
std::size_t first_bad_utf8(std::string_view text);

}  // namespace euromesh
