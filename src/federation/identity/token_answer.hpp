// What a token endpoint answers (RFC 6749 sections 5.1 and 5.2), read with limits. Plain functions; messages
// contain the error's name and no token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::federation {

inline constexpr std::size_t token_answer_max_bytes = 128u << 10;

struct TokenSet {
    std::string access_token;
    std::string refresh_token;  // may be empty
    std::string id_token;       // may be empty
    std::string scope;          // empty: what was asked for
    std::int64_t expires_ms = 0;
};

// refused: the issuer said no, with its reason; unavailable: it has a defect or is busy; bad_input: not such
// an answer. A token without a lifetime is taken for one of five minutes.
Result<TokenSet> parse_token_answer(int status, std::string_view body, std::int64_t now_ms);

// "slow_down" of an answer with status 400 or 401; empty when it is no such error.
std::string oauth_error_of(int status, std::string_view body);

}  // namespace euromesh::federation
