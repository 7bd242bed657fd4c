// Tokens that the coordinator mints for one site: what a job's claim may do there, and as whom.
//
// Why: no token of a user ever enters a job or reaches a site. Instead the site gets one that is good only
// there (audience = the site's id), for minutes, for the account that the user is mapped to at that site,
// with no more scope than the claim needs. The coordinator publishes its keys, and the site checks with the
// same code that checks everybody's tokens. After a change of keys the old one stays published until what it
// signed has expired.
//
// Thread rule: a TokenMint belongs to one thread at a time; minting and checking are const and may run in
// several as long as none rotates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "federation/identity/random_id.hpp"
#include "federation/identity/token_check.hpp"

namespace euromesh::federation {

inline constexpr std::int64_t site_token_lifetime_ms = 300'000;

struct SiteGrant {
    SiteId site;
    std::string account;  // the mapped account at the site
    ScopeSet scopes;
    std::string claim;  // id of the claim that it belongs to
};

class TokenMint {
  public:
    // `issuer` is the coordinator's own URL. The key should be ES256.
    TokenMint(std::string issuer, TokenKey key, RandomSource random);

    // bad_input: no account, no claim, or no scope, for such a token would be a general one.
    Result<std::string> mint(const SiteGrant& grant, std::int64_t now_ms) const;
    // From now on this key signs.
    void rotate(TokenKey next, std::int64_t now_ms);
    // What is published: the key that signs, and earlier ones while a token of theirs may live.
    KeySet keys(std::int64_t now_ms) const;
    const std::string& issuer() const { return issuer_; }

  private:
    struct Retired {
        TokenPublicKey key;
        std::int64_t until_ms = 0;
    };
    std::string issuer_;
    TokenKey key_;
    RandomSource random_;
    std::vector<Retired> retired_;
};

struct SiteToken {
    SiteGrant grant;
    std::string token_id;
    std::int64_t expires_ms = 0;
};

// At the site: refused unless the coordinator minted it for this very site. `issuer` and `keys` are the
// coordinator's.
Result<SiteToken> check_site_token(std::string_view token, const KeySet& keys, const std::string& issuer,
                                   const SiteId& own, std::int64_t now_ms);

}  // namespace euromesh::federation
