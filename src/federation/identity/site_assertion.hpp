// A site proves its key to the coordinator: a signed statement (RFC 7523) that is good once, for a minute.
//
// iss = sub = the site's id, aud = the coordinator, exp at most 60 s after iat, jti unique, typ
// "client-authentication+jwt". ES256, as everything that we sign for others to check: the site's key is
// checked by the code that checks every token, and no third algorithm exists to be confused with.
//
// Only statements with a good signature are remembered, until they would have expired, and at most so many a
// site: a site that floods shuts out itself alone, and memory is bounded by sites * limit.
// Thread rule: SiteAuthenticator may be used by several threads; it locks.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/id.hpp"
#include "federation/identity/random_id.hpp"
#include "federation/identity/token_check.hpp"

namespace euromesh::federation {

inline constexpr std::int64_t assertion_lifetime_ms = 60'000;

std::string make_site_assertion(const TokenKey& key, const SiteId& site, const std::string& coordinator,
                                const RandomSource& random, std::int64_t now_ms);

class SiteAuthenticator {
  public:
    // `coordinator` is the audience: our own URL.
    explicit SiteAuthenticator(std::string coordinator, std::size_t remembered_per_site = 1000)
        : coordinator_(std::move(coordinator)), limit_(remembered_per_site) {}

    // The public key that the site was enrolled with; replaces the one it had.
    void enrol(const SiteId& site, TokenPublicKey key);
    void forget(const SiteId& site);

    // Who proved itself. refused: for whatever reason, also a statement that was used before; unavailable:
    // the site has sent too many within a minute.
    Result<SiteId> authenticate(std::string_view assertion, std::int64_t now_ms);

  private:
    struct Member {
        KeySet keys;
        std::map<std::string, std::int64_t> used;  // jti, and until when it has to be remembered
    };
    static Status remember(Member& member, std::string jti, std::int64_t until_ms, std::int64_t now_ms,
                           std::size_t limit);
    std::string coordinator_;
    std::size_t limit_;
    std::mutex mutex_;
    std::map<SiteId, Member> members_;
};

}  // namespace euromesh::federation
