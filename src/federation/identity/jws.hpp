// Signed tokens in their compact form (RFC 7515): taken apart with suspicion, and put together.
//
// Nothing that parse_jws() gives is true yet: that is the work of token_check.hpp. Refused here already: any
// algorithm but RS256 and ES256 (`none`, HS256 and encrypted tokens with them), `crit`, keys that the token
// brings along (`jwk`, `jku`, `x5c`, `x5u`: the header names a key of ours, or none), another spelling of
// base64url, a name twice in the JSON, sizes over the limits. Plain functions: no thread rule.
#pragma once

#include <string>
#include <string_view>

#include "federation/identity/token_key.hpp"

namespace euromesh::federation {

inline constexpr std::size_t token_max_bytes = 16u << 10;

struct Jws {
    TokenAlgorithm algorithm = TokenAlgorithm::es256;
    std::string key_id;
    std::string type;  // `typ` in lower case without "application/"; may be empty
    Json claims;
    std::string_view signed_part;  // of the text that was parsed
    std::string signature;
};

// refused: says what is wrong with the form, and quotes nothing of the token.
Result<Jws> parse_jws(std::string_view token);

std::string make_jws(const TokenKey& key, std::string_view type, const Json& claims);

}  // namespace euromesh::federation
