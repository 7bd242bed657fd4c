// Is this token genuine, for us, and now? And who is it then?
//
// The signature is checked before any claim is looked at, with the key that the token's `kid` names and with
// that key's own algorithm. Every failure is Code::refused, and no message contains anything of the token or
// of a key. Pure: keys, rules and time come in. Plain functions: no thread rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "federation/identity/jws.hpp"
#include "federation/identity/key_set.hpp"
#include "federation/identity/principal.hpp"

namespace euromesh::federation {

inline constexpr std::int64_t token_leeway_ms = 60'000;

// What a token is used for decides which `typ` it may have, so that one kind never passes for another.
enum class TokenUse {
    access,     // "at+jwt" (RFC 9068), "jwt" or none
    id,         // "jwt" or none
    site,       // "at+jwt": what our coordinator mints
    assertion,  // "client-authentication+jwt": a site proves its key
};

struct TokenRules {
    std::string issuer;    // exactly
    std::string audience;  // must be among the token's
    TokenUse use = TokenUse::access;
    std::vector<std::string> group_name_spaces;  // "urn:geant:example.eu"; groups of others are left out
    std::int64_t leeway_ms = token_leeway_ms;    // what clocks may differ by
};

// refused: names the check that failed. `jws` is what parse_jws() gave, while its text still lives.
Status check_token(const Jws& jws, const KeySet& keys, const TokenRules& rules, std::int64_t now_ms);

// Of a token that has passed. refused: too many groups or names over their limits.
Result<Principal> principal_of(const Json& claims, const TokenRules& rules);

// All three steps.
Result<Principal> verify_token(std::string_view token, const KeySet& keys, const TokenRules& rules,
                               std::int64_t now_ms);

}  // namespace euromesh::federation
