#include "federation/identity/token_check.hpp"

#include <algorithm>
#include <cmath>

#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t subject_max_bytes = 255;  // OpenID Connect Core 1.0, section 2
constexpr std::size_t shown_max_bytes = 200;
constexpr std::size_t groups_most = 500;
constexpr double seconds_most = 253402300799;  // 9999-12-31

tl::unexpected<Error> refused(std::string_view why) {
    return fail(Code::refused, "token: {}", why);
}

bool is_type_for(TokenUse use, std::string_view type) {
    switch (use) {
        case TokenUse::access:
            return type.empty() || type == "jwt" || type == "at+jwt";
        case TokenUse::id:
            return type.empty() || type == "jwt";
        case TokenUse::site:
            return type == "at+jwt";
        case TokenUse::assertion:
            return type == "client-authentication+jwt";
    }
    return false;
}

// Seconds since 1970, also with a fraction (RFC 7519 section 2). `absent` is what stands for none.
Result<std::int64_t> moment_ms(const Json& claims, const char* name, std::int64_t absent) {
    const auto found = claims.find(name);
    if (found == claims.end()) return absent;
    if (!found->is_number()) return refused("a time in it is not a number");
    const double seconds = found->get<double>();
    if (!(seconds >= 0 && seconds <= seconds_most)) return refused("a time in it is out of range");
    return static_cast<std::int64_t>(std::floor(seconds * 1000));
}

Status check_times(const Json& claims, std::int64_t leeway_ms, std::int64_t now_ms) {
    if (!claims.contains("exp")) return refused("it must say when it expires (exp)");
    EM_ASSIGN(const std::int64_t expires_ms, moment_ms(claims, "exp", 0));
    EM_ASSIGN(const std::int64_t from_ms, moment_ms(claims, "nbf", 0));
    EM_ASSIGN(const std::int64_t issued_ms, moment_ms(claims, "iat", 0));
    if (now_ms >= expires_ms + leeway_ms) return refused("it has expired (log in again)");
    if (now_ms < from_ms - leeway_ms) return refused("it is not valid yet (compare the clocks)");
    if (now_ms < issued_ms - leeway_ms) return refused("it was issued in the future (compare the clocks)");
    return {};
}

bool is_shown(const std::string& text, std::size_t most) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
    return !text.empty() && text.size() <= most && std::none_of(text.begin(), text.end(), is_control);
}

Status check_claims(const Json& claims, const TokenRules& rules, std::int64_t now_ms) {
    if (text_at(claims, "iss") != rules.issuer) return refused("it is from another issuer");
    const auto audiences = texts_at(claims, "aud");
    if (!audiences || std::find(audiences->begin(), audiences->end(), rules.audience) == audiences->end()) {
        return refused("it is for another audience");
    }
    EM_TRY(check_times(claims, rules.leeway_ms, now_ms));
    if (!is_shown(text_at(claims, "sub").value_or(""), subject_max_bytes)) {
        return refused("it must say whose it is (sub, 1 to 255 bytes)");
    }
    return {};
}

std::string shown_at(const Json& claims, std::string_view name) {
    const std::string text = text_at(claims, name).value_or("");
    return is_shown(text, shown_max_bytes) ? text : std::string();
}

// Both names are in use; a list that is not one of texts is no list of groups.
Result<std::vector<Group>> groups_of(const Json& claims, const TokenRules& rules) {
    std::vector<Group> groups;
    for (const char* name : {"eduperson_entitlement", "entitlements"}) {
        const auto urns = texts_at(claims, name);
        if (!urns) return refused("its entitlements must be a list of texts");
        if (urns->size() > groups_most) return refused("it has more than 500 entitlements");
        for (const std::string& urn : *urns) {
            auto group = parse_group(urn);
            const auto& spaces = rules.group_name_spaces;
            if (!group || std::find(spaces.begin(), spaces.end(), group->name_space) == spaces.end())
                continue;
            if (std::find(groups.begin(), groups.end(), *group) == groups.end()) {
                groups.push_back(std::move(*group));
            }
        }
    }
    return groups;
}

Result<std::string> scope_names(const Json& claims) {
    const auto names = texts_at(claims, "scope");
    if (!names) return refused("its scope must be text");
    std::string joined;
    for (const std::string& name : *names) joined += name + " ";
    return joined;
}

}  // namespace

Status check_token(const Jws& jws, const KeySet& keys, const TokenRules& rules, std::int64_t now_ms) {
    if (!is_type_for(rules.use, jws.type)) return refused("its type is that of another use");
    const TokenPublicKey* key = keys.find(jws.key_id);
    if (key == nullptr) return refused("it is signed with a key that its issuer does not publish");
    if (key->algorithm() != jws.algorithm) return refused("its algorithm is not that of its key");
    if (!key->verifies(jws.signed_part, jws.signature)) return refused("its signature is wrong");
    return check_claims(jws.claims, rules, now_ms);
}

Result<Principal> principal_of(const Json& claims, const TokenRules& rules) {
    Principal who;
    who.issuer = rules.issuer;
    who.audience = rules.audience;
    who.subject = text_at(claims, "sub").value_or("");
    EM_ASSIGN(const std::string scopes, scope_names(claims));
    who.scopes = ScopeSet::parse(scopes);
    EM_ASSIGN(who.groups, groups_of(claims, rules));
    who.client = shown_at(claims, "client_id");
    if (who.client.empty()) who.client = shown_at(claims, "azp");
    who.name = shown_at(claims, "name");
    who.email = shown_at(claims, "email");
    who.token_id = shown_at(claims, "jti");
    EM_ASSIGN(who.expires_ms, moment_ms(claims, "exp", 0));
    return who;
}

Result<Principal> verify_token(std::string_view token, const KeySet& keys, const TokenRules& rules,
                               std::int64_t now_ms) {
    EM_ASSIGN(const Jws jws, parse_jws(token));
    EM_TRY(check_token(jws, keys, rules, now_ms));
    return principal_of(jws.claims, rules);
}

}  // namespace euromesh::federation
