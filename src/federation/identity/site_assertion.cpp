#include "federation/identity/site_assertion.hpp"

#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t jti_least_bytes = 16, jti_most_bytes = 128;

tl::unexpected<Error> refused(std::string_view why) {
    return fail(Code::refused, "site assertion: {}", why);
}

// A statement that is good for long could be kept and used later.
Status check_lifetime(const Json& claims) {
    const auto issued = integer_at(claims, "iat"), expires = integer_at(claims, "exp");
    if (!issued || !expires || *issued < 0 || *expires - *issued > assertion_lifetime_ms / 1000) {
        return refused("it must expire at most 60 s after it was issued");
    }
    return {};
}

}  // namespace

std::string make_site_assertion(const TokenKey& key, const SiteId& site, const std::string& coordinator,
                                const RandomSource& random, std::int64_t now_ms) {
    Json claims;
    claims["iss"] = site.text();
    claims["sub"] = site.text();
    claims["aud"] = coordinator;
    claims["jti"] = random_id(random);
    claims["iat"] = now_ms / 1000;
    claims["exp"] = (now_ms + assertion_lifetime_ms) / 1000;
    return make_jws(key, "client-authentication+jwt", claims);
}

void SiteAuthenticator::enrol(const SiteId& site, TokenPublicKey key) {
    const std::lock_guard lock(mutex_);
    members_[site].keys = KeySet({std::move(key)});
}

void SiteAuthenticator::forget(const SiteId& site) {
    const std::lock_guard lock(mutex_);
    members_.erase(site);
}

Status SiteAuthenticator::remember(Member& member, std::string jti, std::int64_t until_ms,
                                   std::int64_t now_ms, std::size_t limit) {
    if (member.used.size() >= limit) {
        std::erase_if(member.used, [now_ms](const auto& one) { return one.second <= now_ms; });
    }
    if (member.used.contains(jti)) return refused("it was used before (make a new one for every call)");
    if (member.used.size() >= limit) {
        return fail(Code::unavailable, "site assertion: more than {} within a minute or two; wait", limit);
    }
    member.used.emplace(std::move(jti), until_ms);
    return {};
}

Result<SiteId> SiteAuthenticator::authenticate(std::string_view assertion, std::int64_t now_ms) {
    EM_ASSIGN(const Jws jws, parse_jws(assertion));
    auto site = SiteId::parse(text_at(jws.claims, "sub").value_or(""), "site");
    if (!site) return refused("it is from no site that is enrolled");
    const std::lock_guard lock(mutex_);
    const auto member = members_.find(*site);
    if (member == members_.end()) return refused("it is from no site that is enrolled");
    const TokenRules rules{site->text(), coordinator_, TokenUse::assertion, {}};
    EM_TRY(check_token(jws, member->second.keys, rules, now_ms));
    EM_TRY(check_lifetime(jws.claims));
    std::string jti = text_at(jws.claims, "jti").value_or("");
    if (jti.size() < jti_least_bytes || jti.size() > jti_most_bytes) {
        return refused("it needs a jti of 16 to 128 bytes");
    }
    const std::int64_t until_ms = *integer_at(jws.claims, "exp") * 1000 + token_leeway_ms;
    EM_TRY(remember(member->second, std::move(jti), until_ms, now_ms, limit_));
    return *site;
}

}  // namespace euromesh::federation
