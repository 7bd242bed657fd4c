// How a site's agent proves that it is the site: by the key that the ledger knows it by.
//
// The site keeps one key for good (Ed25519, with which it also countersigns heads). An agent makes a token
// key for its own lifetime and introduces it with a statement that the site's key has signed; each request
// then carries a short assertion by that token key (site_assertion.hpp). So the key that matters signs
// rarely, and stolen assertions are worth a minute.
//
// The statement, four lines:
//     euromesh site introduction v1
//     ORIGIN SITE
//     THUMBPRINT of the token key (RFC 7638)
//     TIME in milliseconds, at most a minute from ours
// Playing it again introduces the same token key again and gives nobody anything.
//
// Thread rule: SiteDoor from any thread. It keeps no secret.
#pragma once

#include "base/signature.hpp"
#include "federation/identity/site_assertion.hpp"

namespace euromesh::federation {

inline constexpr std::int64_t introduction_leeway_ms = 60'000;

// {"site","key","time_ms","signature"}: the token key as a JSON Web Key, the signature in base64.
Json make_introduction(const std::string& origin, const SiteId& site, const TokenPublicKey& token_key,
                       const SigningKey& site_key, std::int64_t now_ms);

class SiteDoor {
  public:
    // `audience`: of assertions.
    explicit SiteDoor(std::string audience) : authenticator_(std::move(audience)) {}

    // `site_key`: hexadecimal, of the site that the introduction names. refused: too old, or not signed by
    // it; bad_input: not such a document.
    Status introduce(const std::string& origin, const Json& introduction, const std::string& site_key,
                     std::int64_t now_ms);
    // Its key was replaced or ended: whoever was introduced by the old one is a stranger.
    void forget(const SiteId& site) { authenticator_.forget(site); }
    // Who proved itself. refused; unavailable: too many within a minute.
    Result<SiteId> enter(std::string_view assertion, std::int64_t now_ms) {
        return authenticator_.authenticate(assertion, now_ms);
    }

  private:
    SiteAuthenticator authenticator_;
};

}  // namespace euromesh::federation
