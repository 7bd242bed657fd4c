#include "federation/identity/token_check.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "federation/identity/base64url.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;
constexpr std::int64_t now_s = now_ms / 1000;

const TokenRules rules{
    "https://issuer.example", "urn:coordinator", TokenUse::access, {"urn:geant:example.eu"}};

struct Fixture {
    TokenKey rsa = TokenKey::generate(TokenAlgorithm::rs256);
    TokenKey ec = TokenKey::generate(TokenAlgorithm::es256);
    KeySet keys{{rsa.public_key(), ec.public_key()}};
};

const Fixture& made() {
    static const Fixture fixture;
    return fixture;
}

Json claims() {
    return {{"iss", "https://issuer.example"},
            {"aud", {"other", "urn:coordinator"}},
            {"sub", "person-1"},
            {"exp", now_s + 600},
            {"nbf", now_s},
            {"iat", now_s}};
}

std::string token_with(std::string_view name, const Json& value) {
    Json changed = claims();
    changed[std::string(name)] = value;
    return make_jws(made().ec, "at+jwt", changed);
}

std::string token_without(const char* name) {
    Json changed = claims();
    changed.erase(name);
    return make_jws(made().ec, "at+jwt", changed);
}

Result<Principal> verified(std::string_view token, TokenUse use = TokenUse::access) {
    TokenRules changed = rules;
    changed.use = use;
    return verify_token(token, made().keys, changed, now_ms);
}

bool is_refused(std::string_view token) {
    const auto who = verified(token);
    return !who && who.error().code == Code::refused && who.error().message.starts_with("token");
}

// HMAC-SHA-256 (RFC 2104), as an attacker makes it.
std::string hmac(std::string key, std::string_view message) {
    key.resize(64, '\0');
    std::string inner, outer;
    for (const char c : key) {
        inner += static_cast<char>(c ^ 0x36);
        outer += static_cast<char>(c ^ 0x5c);
    }
    const auto bytes = [](const Sha256Digest& digest) {
        return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
    };
    return bytes(sha256(outer + bytes(sha256(inner + std::string(message)))));
}

std::string with_header(const Json& header, const Json& body) {
    return base64url(header.dump()) + "." + base64url(body.dump());
}

TEST_CASE("a good token of either algorithm tells who it is") {
    Json full = claims();
    full["scope"] = "openid compute.read compute.create";
    full["entitlements"] = {"urn:geant:example.eu:group:a:role=manager#x", "urn:geant:other.eu:group:b#x",
                            "urn:mace:dir:entitlement:common-lib-terms"};
    full["eduperson_entitlement"] = "urn:geant:example.eu:group:a:role=manager#x";
    full["client_id"] = "cli";
    full["name"] = "Ada";
    full["email"] = "ada@example.eu\n";
    full["jti"] = "t-1";
    for (const TokenKey* key : {&made().rsa, &made().ec}) {
        const auto who = verified(make_jws(*key, "at+jwt", full));
        REQUIRE(who);
        CHECK(who->account() == "https://issuer.example person-1");
        CHECK(who->audience == "urn:coordinator");
        CHECK(who->scopes == ScopeSet{Scope::compute_read, Scope::compute_create});
        REQUIRE(who->groups.size() == 1);
        CHECK(who->groups[0].role == "manager");
        CHECK(who->client == "cli");
        CHECK(who->name == "Ada");
        CHECK(who->email.empty());
        CHECK(who->token_id == "t-1");
        CHECK(who->expires_ms == now_ms + 600'000);
    }
}

TEST_CASE("every claim that must be right is looked at") {
    REQUIRE_FALSE(is_refused(make_jws(made().ec, "", claims())));
    CHECK(is_refused(token_with("iss", "https://issuer.example/")));
    CHECK(is_refused(token_with("aud", "urn:coordinator2")));
    CHECK(is_refused(token_with("aud", Json::array())));
    CHECK(is_refused(token_with("aud", {"urn:coordinator", 7})));
    CHECK(is_refused(token_with("sub", "")));
    CHECK(is_refused(token_with("sub", std::string(256, 'x'))));
    CHECK(is_refused(token_with("sub", "a\nb")));
    CHECK(is_refused(token_with("exp", "1800000000")));
    CHECK(is_refused(token_with("exp", -1)));
    CHECK(is_refused(token_with("exp", 1e300)));
    CHECK(is_refused(token_with("scope", 7)));
    CHECK(is_refused(token_with("entitlements", 7)));
    for (const char* name : {"iss", "aud", "sub", "exp"}) CHECK(is_refused(token_without(name)));
    for (const char* name : {"nbf", "iat"}) CHECK_FALSE(is_refused(token_without(name)));
}

TEST_CASE("times may be off by the leeway and no more") {
    CHECK_FALSE(is_refused(token_with("exp", now_s - 59)));
    CHECK(is_refused(token_with("exp", now_s - 60)));
    CHECK_FALSE(is_refused(token_with("nbf", now_s + 60)));
    CHECK(is_refused(token_with("nbf", now_s + 61)));
    CHECK_FALSE(is_refused(token_with("iat", now_s + 60.0)));
    CHECK(is_refused(token_with("iat", now_s + 60.5)));
}

TEST_CASE("a type of another use is refused") {
    for (const auto& [type, access, id, site, assertion] :
         {std::tuple{"", true, true, false, false}, std::tuple{"JWT", true, true, false, false},
          std::tuple{"at+jwt", true, false, true, false},
          std::tuple{"application/at+jwt", true, false, true, false},
          std::tuple{"client-authentication+jwt", false, false, false, true},
          std::tuple{"logout+jwt", false, false, false, false},
          std::tuple{"dpop+jwt", false, false, false, false}}) {
        const std::string token = make_jws(made().ec, type, claims());
        CHECK(verified(token, TokenUse::access).has_value() == access);
        CHECK(verified(token, TokenUse::id).has_value() == id);
        CHECK(verified(token, TokenUse::site).has_value() == site);
        CHECK(verified(token, TokenUse::assertion).has_value() == assertion);
    }
}

TEST_CASE("forged signatures: none, HMAC with the public key, another key, another key's algorithm") {
    const std::string kid = made().rsa.public_key().id();
    const std::string none = with_header({{"alg", "none"}, {"kid", kid}}, claims());
    CHECK(is_refused(none + "."));
    CHECK(is_refused(none + "." + base64url("x")));
    const std::string shared = with_header({{"alg", "HS256"}, {"kid", kid}}, claims());
    CHECK(is_refused(shared + "." + base64url(hmac(made().rsa.public_key().jwk().dump(), shared))));
    const std::string said_rsa = with_header({{"alg", "RS256"}, {"kid", kid}}, claims());
    CHECK(is_refused(said_rsa + "." + base64url(hmac(made().rsa.public_key().jwk().dump(), said_rsa))));
    CHECK(is_refused(said_rsa + "." + base64url(made().ec.sign(said_rsa))));
    const std::string mixed = with_header({{"alg", "ES256"}, {"kid", kid}}, claims());
    CHECK(is_refused(mixed + "." + base64url(made().ec.sign(mixed))));
    CHECK(is_refused(mixed + "." + base64url(made().rsa.sign(mixed))));
    CHECK(is_refused(make_jws(TokenKey::generate(TokenAlgorithm::es256), "at+jwt", claims())));
    const std::string good = make_jws(made().ec, "at+jwt", claims());
    const std::string body = good.substr(0, good.find('.') + 1) + base64url(Json(claims()).dump() + " ");
    CHECK(is_refused(body + good.substr(good.rfind('.'))));
}

// A key id is a name to look up in our own list, never a path, a URL or a query.
TEST_CASE("key ids that would lead somewhere else lead nowhere") {
    for (const char* kid : {"../../../../dev/null", "/etc/passwd", "https://evil.example/keys", "' OR 1=1 --",
                            "file:///proc/self/environ", "k\n", "*"}) {
        const std::string token = with_header({{"alg", "ES256"}, {"kid", kid}}, claims());
        CAPTURE(kid);
        // Well signed, by a key of ours.
        CHECK(is_refused(token + "." + base64url(made().ec.sign(token))));
    }
    const std::string long_kid =
        with_header({{"alg", "ES256"}, {"kid", std::string(100'000, 'k')}}, claims());
    CHECK(is_refused(long_kid + "." + base64url(made().ec.sign(long_kid))));
}

TEST_CASE("r = s = 0 and signatures of another length are no ES256 signatures") {
    const std::string head = with_header({{"alg", "ES256"}, {"kid", made().ec.public_key().id()}}, claims());
    CHECK(is_refused(head + "." + base64url(std::string(64, '\0'))));
    CHECK(is_refused(head + "." + base64url(made().ec.sign(head) + "x")));
    CHECK(is_refused(head + "." + base64url(made().ec.sign(head).substr(0, 63))));
    CHECK_FALSE(is_refused(head + "." + base64url(made().ec.sign(head))));
}

TEST_CASE("no message of a refusal contains anything of the token") {
    for (const std::string& token :
         {token_with("iss", "leak-1"), token_with("aud", "leak-2"), token_with("sub", "leak\n"),
          token_with("exp", "leak-3"), token_with("scope", Json{{"leak", 1}})}) {
        const auto who = verified(token);
        REQUIRE_FALSE(who);
        CHECK(who.error().message.find("leak") == std::string::npos);
    }
}

}  // namespace
}  // namespace euromesh::federation
