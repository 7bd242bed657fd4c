// Bytes as text that may stand in a URL: base64url without padding (RFC 4648 section 5, RFC 7515).
//
// Strict, so that a token has one spelling: no padding, no white space, no other alphabet, and the bits that
// the last character has too many are zero. Plain functions: no thread rule.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace euromesh::federation {

std::string base64url(std::string_view bytes);
// Nothing when it is not the one spelling of some bytes.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace euromesh::federation
