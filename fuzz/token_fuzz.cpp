// Tokens, key sets, discovery documents, token answers, groups, forms and calls of the development issuer,
// from anybody.
//
// The first byte says what the rest is. No bytes are accepted that our key has not signed; what is accepted
// is for us and now; what is read can be written and reads the same.
#include <string>

#include "base/os/entropy.hpp"
#include "federation/identity/base64url.hpp"
#include "federation/identity/dev_issuer.hpp"
#include "federation/identity/issuer_document.hpp"
#include "federation/identity/site_assertion.hpp"
#include "federation/identity/site_token.hpp"
#include "federation/identity/token_answer.hpp"
#include "federation/identity/token_check.hpp"
#include "federation/identity/web_address.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

using namespace federation;

constexpr std::int64_t now_ms = 1'700'000'000'000;
const TokenRules rules{"https://i.example", "us", TokenUse::access, {"urn:geant:example.eu"}};

const TokenKey& own_key() {
    static const TokenKey key = TokenKey::generate(TokenAlgorithm::es256);
    return key;
}

const KeySet& own_keys() {
    static const KeySet keys({own_key().public_key()});
    return keys;
}

void try_token(std::string_view text) {
    EM_ASSERT(!verify_token(text, own_keys(), rules, now_ms), "nobody else can sign");
    EM_ASSERT(!check_site_token(text, own_keys(), "https://i.example", SiteId(), now_ms),
              "nobody else can sign");
    static SiteAuthenticator gate("us");
    gate.enrol(SiteId::parse("alpha", "site").value(), own_key().public_key());
    EM_ASSERT(!gate.authenticate(text, now_ms), "nobody else can sign");
}

// Signed by us with whatever claims.
void try_claims(std::string_view text) {
    const std::string header =
        Json{{"alg", "ES256"}, {"kid", own_key().public_key().id()}, {"typ", "JWT"}}.dump();
    const std::string body = base64url(header) + "." + base64url(text);
    const auto who = verify_token(body + "." + base64url(own_key().sign(body)), own_keys(), rules, now_ms);
    if (!who) {
        EM_ASSERT(who.error().code == Code::refused, "every failure is a refusal");
        return;
    }
    EM_ASSERT(who->expires_ms > now_ms - token_leeway_ms && !who->subject.empty(),
              "it is now, and somebody's");
    for (const Group& group : who->groups)
        EM_ASSERT(group.name_space == "urn:geant:example.eu", "only its own");
}

void try_header(std::string_view text) {
    const std::string body = base64url(text) + "." + base64url("{}");
    const auto jws = parse_jws(body + ".AAAA");
    EM_ASSERT(!jws || !jws->key_id.empty(), "a key is named");
}

void try_key_set(std::string_view text) {
    const auto keys = KeySet::parse(text);
    if (!keys) return;
    const auto again = KeySet::parse(keys->document().dump());
    EM_ASSERT(again && again->has_same_keys(*keys), "a key set that is read can be written");
}

void try_group(std::string_view text) {
    const auto group = parse_group(text);
    if (group) EM_ASSERT(parse_group(to_urn(*group)) == group, "a group that is read can be written");
}

void try_form(std::string_view text) {
    const auto fields = parse_form(text);
    if (fields && to_form(*fields).size() <= (64u << 10)) {
        EM_ASSERT(parse_form(to_form(*fields)) == *fields, "a form that is read can be written");
    }
    const auto address = parse_web_address(text);
    EM_ASSERT(!address || (!address->host.empty() && address->port > 0), "an address has host and port");
}

void try_answer(std::string_view text) {
    const auto set = parse_token_answer(200, text, now_ms);
    EM_ASSERT(!set || (!set->access_token.empty() && set->expires_ms >= now_ms), "an answer has a token");
    EM_ASSERT(parse_issuer_document(text, "https://i.example").has_value() ==
                  parse_issuer_document(text, "https://i.example").has_value(),
              "the same text reads the same");
}

void try_call(Input input) {
    DevIssuerConfig config;
    config.issuer = "http://127.0.0.1:1";
    config.audience = "us";
    config.users = {{"ada", "Ada", "", {}, {Scope::compute_read}}};
    static const auto issuer = DevIssuer::make(config, "127.0.0.1", own_key(), os::fill_random).value();
    constexpr std::string_view paths[] = {
        "/authorize", "/device", "/token", "/device_authorization",
        "/userinfo",  "/revoke", "/jwks",  "/.well-known/openid-configuration"};
    const std::size_t choice = input.byte();
    const std::string rest(input.text());
    const DevRequest request{choice % 2 == 0 ? "GET" : "POST",
                             "127.0.0.1:1",
                             std::string(paths[choice / 2 % 8]),
                             rest,
                             rest,
                             "Bearer " + rest};
    const DevAnswer answer = issuer->handle(request, now_ms);
    EM_ASSERT(answer.status >= 200 && answer.status < 600, "every call has an answer");
}

}  // namespace

void try_input(Input input) {
    switch (input.byte() % 8) {
        case 0:
            return try_token(input.text());
        case 1:
            return try_claims(input.text());
        case 2:
            return try_header(input.text());
        case 3:
            return try_key_set(input.text());
        case 4:
            return try_group(input.text());
        case 5:
            return try_form(input.text());
        case 6:
            return try_answer(input.text());
        default:
            return try_call(input);
    }
}

}  // namespace euromesh::fuzz
