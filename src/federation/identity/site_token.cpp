#include "federation/identity/site_token.hpp"

#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {

TokenMint::TokenMint(std::string issuer, TokenKey key, RandomSource random)
    : issuer_(std::move(issuer)), key_(std::move(key)), random_(std::move(random)) {}

Result<std::string> TokenMint::mint(const SiteGrant& grant, std::int64_t now_ms) const {
    if (grant.site.text().empty() || grant.account.empty() || grant.claim.empty() || grant.scopes.empty()) {
        return fail(Code::bad_input, "site token: it needs a site, an account, a claim and a scope");
    }
    Json claims;
    claims["iss"] = issuer_;
    claims["sub"] = grant.account;
    claims["aud"] = grant.site.text();
    claims["scope"] = grant.scopes.text();
    claims["claim"] = grant.claim;
    claims["jti"] = random_id(random_);
    claims["iat"] = now_ms / 1000;
    claims["exp"] = (now_ms + site_token_lifetime_ms) / 1000;
    return make_jws(key_, "at+jwt", claims);
}

void TokenMint::rotate(TokenKey next, std::int64_t now_ms) {
    std::erase_if(retired_, [now_ms](const Retired& one) { return one.until_ms <= now_ms; });
    retired_.push_back({key_.public_key(), now_ms + site_token_lifetime_ms + token_leeway_ms});
    key_ = std::move(next);
}

KeySet TokenMint::keys(std::int64_t now_ms) const {
    std::vector<TokenPublicKey> keys{key_.public_key()};
    for (const Retired& one : retired_) {
        if (one.until_ms > now_ms) keys.push_back(one.key);
    }
    return KeySet(std::move(keys));
}

Result<SiteToken> check_site_token(std::string_view token, const KeySet& keys, const std::string& issuer,
                                   const SiteId& own, std::int64_t now_ms) {
    const TokenRules rules{issuer, own.text(), TokenUse::site, {}};
    EM_ASSIGN(const Jws jws, parse_jws(token));
    EM_TRY(check_token(jws, keys, rules, now_ms));
    EM_ASSIGN(Principal who, principal_of(jws.claims, rules));
    // A list of audiences would let two sites use one token.
    if (text_at(jws.claims, "aud") != own.text()) {
        return fail(Code::refused, "site token: it is for more than this site");
    }
    const auto claim = text_at(jws.claims, "claim");
    if (!claim || claim->empty()) return fail(Code::refused, "site token: it belongs to no claim");
    return SiteToken{
        {own, std::move(who.subject), who.scopes, *claim}, std::move(who.token_id), who.expires_ms};
}

}  // namespace euromesh::federation
