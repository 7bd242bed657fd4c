// Proof key for code exchange (RFC 7636), method S256 only: whoever started a log-in, and nobody who
// overhears its code, can end it. Plain functions.
#pragma once

#include <string>
#include <string_view>

namespace euromesh::federation {

std::string pkce_challenge(std::string_view verifier);
// The verifier has the form of section 4.1 and belongs to the challenge. Constant time.
bool pkce_fits(std::string_view challenge, std::string_view verifier);

}  // namespace euromesh::federation
