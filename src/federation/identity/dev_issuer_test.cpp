#include "federation/identity/dev_issuer.hpp"

#include <doctest/doctest.h>

#include "base/os/entropy.hpp"
#include "federation/identity/issuer_document.hpp"
#include "federation/identity/pkce.hpp"
#include "federation/identity/strict_json.hpp"
#include "federation/identity/token_check.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

const std::string issuer_url = "http://127.0.0.1:8701/dev";
const std::string redirect = "http://127.0.0.1:4567/back";
const std::string verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const std::string all_scopes = "openid offline_access compute.read compute.create federation.admin";

DevIssuerConfig config() {
    DevIssuerConfig made;
    made.issuer = issuer_url;
    made.audience = "urn:coordinator";
    made.users = {{"ada", "Ada", "ada@example.eu", {"urn:geant:example.eu:group:a"}, {Scope::compute_read}},
                  {"bo", "Bo", "", {}, {}}};
    made.services = {{"pipeline", "a-secret-of-16-bytes", {Scope::compute_create}}};
    return made;
}

// A browser and a client at once: asks the handler and keeps the time.
struct Fixture {
    std::unique_ptr<DevIssuer> issuer =
        DevIssuer::make(config(), "127.0.0.1", TokenKey::generate(TokenAlgorithm::es256), os::fill_random)
            .value();
    std::int64_t now_ms = 1'700'000'000'000;

    DevAnswer get(const std::string& path, const FormFields& query = {}) {
        return issuer->handle({"GET", "127.0.0.1:8701", "/dev" + path, to_form(query), "", ""}, now_ms);
    }
    DevAnswer post(const std::string& path, const FormFields& form) {
        return issuer->handle({"POST", "127.0.0.1:8701", "/dev" + path, "", to_form(form), ""}, now_ms);
    }
    Json tokens(const FormFields& form) { return parse_json(post("/token", form).body).value(); }
    std::string error(const FormFields& form) {
        const DevAnswer answer = post("/token", form);
        CHECK(answer.status >= 400);
        return text_at(parse_json(answer.body).value(), "error").value_or("");
    }
    static std::string ticket_in(const std::string& page) {
        constexpr std::string_view mark = "name=\"ticket\" value=\"";
        const std::size_t at = page.find(mark);
        return at == page.npos ? "" : page.substr(at + mark.size(), 22);
    }
    static FormFields authorization() {
        return {{"client_id", "euromesh-cli"},
                {"redirect_uri", redirect},
                {"response_type", "code"},
                {"state", "st"},
                {"nonce", "no"},
                {"code_challenge", pkce_challenge(verifier)},
                {"code_challenge_method", "S256"},
                {"scope", all_scopes}};
    }
    std::string code(const std::string& user = "ada") {
        const std::string ticket = ticket_in(get("/authorize", authorization()).body);
        const DevAnswer answer = post("/authorize", {{"ticket", ticket}, {"user", user}});
        CHECK(answer.status == 303);
        CHECK(answer.location.starts_with(redirect + "?"));
        const FormFields back = parse_form(answer.location.substr(redirect.size() + 1)).value();
        CHECK(back.at("state") == "st");
        CHECK(back.at("iss") == issuer_url);
        return back.at("code");
    }
    static FormFields exchange(const std::string& code) {
        return {{"grant_type", "authorization_code"},
                {"client_id", "euromesh-cli"},
                {"code", code},
                {"redirect_uri", redirect},
                {"code_verifier", verifier}};
    }
    static FormFields refresh(const std::string& token) {
        return {{"grant_type", "refresh_token"}, {"client_id", "euromesh-cli"}, {"refresh_token", token}};
    }
    Result<Principal> who(const Json& answer, const char* kind = "access_token") {
        const bool is_access = std::string_view(kind) == "access_token";
        const TokenRules rules{issuer_url,
                               is_access ? "urn:coordinator" : "euromesh-cli",
                               is_access ? TokenUse::access : TokenUse::id,
                               {"urn:geant:example.eu"}};
        return verify_token(text_at(answer, kind).value_or(""), KeySet::parse(get("/jwks").body).value(),
                            rules, now_ms);
    }
};

struct DeviceFixture : Fixture {
    Json started =
        parse_json(post("/device_authorization", {{"client_id", "euromesh-cli"}, {"scope", all_scopes}}).body)
            .value();
    FormFields poll() const {
        return {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                {"client_id", "euromesh-cli"},
                {"device_code", text_at(started, "device_code").value()}};
    }
    DevAnswer decide(const std::string& name, const std::string& value) {
        const std::string code = text_at(started, "user_code").value();
        const std::string ticket = ticket_in(get("/device", {{"user_code", code}}).body);
        return post("/device", {{"ticket", ticket}, {"user_code", code}, {name, value}});
    }
};

TEST_CASE("the document passes our own reader, and the keys are those that sign") {
    Fixture f;
    const auto document = parse_issuer_document(f.get("/.well-known/openid-configuration").body, issuer_url);
    REQUIRE(document);
    CHECK(document->keys_url == issuer_url + "/jwks");
    CHECK(document->device_url == issuer_url + "/device_authorization");
}

TEST_CASE("authorisation code with PKCE: scopes are narrowed to what the person may") {
    Fixture f;
    const Json answer = f.tokens(Fixture::exchange(f.code()));
    const auto who = f.who(answer);
    REQUIRE(who);
    CHECK(who->subject == "ada");
    CHECK(who->scopes == ScopeSet{Scope::compute_read});
    CHECK(who->groups.size() == 1);
    CHECK(who->client == "euromesh-cli");
    CHECK(f.who(answer, "id_token")->subject == "ada");
    CHECK_FALSE(f.who({{"access_token", answer["id_token"]}}));
    const DevAnswer info = f.issuer->handle({"GET", "127.0.0.1:8701", "/dev/userinfo", "", "",
                                             "Bearer " + text_at(answer, "access_token").value()},
                                            f.now_ms);
    CHECK(text_at(parse_json(info.body).value(), "name") == "Ada");
}

TEST_CASE("a code is good once, for a minute, for its redirect and its verifier") {
    Fixture f;
    const auto wrong = [&](const char* name, const std::string& value) {
        FormFields form = Fixture::exchange(f.code());
        form[name] = value;
        return f.error(form);
    };
    CHECK(wrong("code_verifier", std::string(43, 'a')) == "invalid_grant");
    CHECK(wrong("code_verifier", "") == "invalid_grant");
    CHECK(wrong("redirect_uri", redirect + "2") == "invalid_grant");
    CHECK(wrong("code", "x") == "invalid_grant");
    CHECK(wrong("client_id", "other") == "invalid_client");
    const std::string late = f.code();
    f.now_ms += 60'000;
    CHECK(f.error(Fixture::exchange(late)) == "invalid_grant");
    const std::string code = f.code();
    const Json answer = f.tokens(Fixture::exchange(code));
    CHECK(f.error(Fixture::exchange(code)) == "invalid_grant");
    // The replay has ended what the code gave.
    CHECK(f.error(Fixture::refresh(text_at(answer, "refresh_token").value())) == "invalid_grant");
}

TEST_CASE("refresh tokens change with every use, and the second use of one ends them all") {
    Fixture f;
    const std::string first = text_at(f.tokens(Fixture::exchange(f.code())), "refresh_token").value();
    const Json answer = f.tokens(Fixture::refresh(first));
    CHECK(f.who(answer).has_value());
    const std::string second = text_at(answer, "refresh_token").value();
    CHECK(second != first);
    CHECK(f.error(Fixture::refresh(first)) == "invalid_grant");
    CHECK(f.error(Fixture::refresh(second)) == "invalid_grant");
    const std::string other = text_at(f.tokens(Fixture::exchange(f.code())), "refresh_token").value();
    CHECK(f.post("/revoke", {{"token", other}}).status == 200);
    CHECK(f.error(Fixture::refresh(other)) == "invalid_grant");
}

TEST_CASE("device flow: waiting, too fast, allowed, once") {
    DeviceFixture f;
    CHECK(f.error(f.poll()) == "authorization_pending");
    f.now_ms += 4000;
    CHECK(f.error(f.poll()) == "slow_down");
    f.now_ms += 6000;
    CHECK(f.error(f.poll()) == "slow_down");
    f.now_ms += 15'000;
    CHECK(f.error(f.poll()) == "authorization_pending");
    CHECK(f.decide("user", "ada").status == 200);
    f.now_ms += 15'000;
    CHECK(f.who(f.tokens(f.poll()))->subject == "ada");
    CHECK(f.error(f.poll()) == "expired_token");
    CHECK(f.decide("user", "ada").status == 400);
}

TEST_CASE("device flow: refused, expired, and codes that nobody has") {
    DeviceFixture denied;
    CHECK(denied.decide("deny", "1").status == 200);
    CHECK(denied.decide("user", "ada").status == 400);
    CHECK(denied.error(denied.poll()) == "access_denied");
    CHECK(denied.error(denied.poll()) == "expired_token");
    DeviceFixture old;
    old.now_ms += 600'000;
    CHECK(old.error(old.poll()) == "expired_token");
    DeviceFixture unknown;
    CHECK(unknown.decide("user", "nobody").status == 400);
    unknown.started["user_code"] = "BBBB-BBBB";
    CHECK(unknown.decide("user", "ada").status == 400);
}

TEST_CASE("pages are good once, and only our client may be sent back, only to this machine") {
    Fixture f;
    const std::string ticket = Fixture::ticket_in(f.get("/authorize", Fixture::authorization()).body);
    CHECK(f.post("/authorize", {{"ticket", ticket}, {"user", "ada"}}).status == 303);
    CHECK(f.post("/authorize", {{"ticket", ticket}, {"user", "ada"}}).status == 400);
    CHECK(f.post("/authorize", {{"user", "ada"}}).status == 400);
    for (const auto& [name, value] :
         {std::pair{"redirect_uri", "https://evil.example/"},
          std::pair{"redirect_uri", "http://127.0.0.1.evil/"}, std::pair{"client_id", "other"},
          std::pair{"response_type", "token"}, std::pair{"code_challenge_method", "plain"},
          std::pair{"code_challenge", ""}, std::pair{"state", ""}}) {
        FormFields query = Fixture::authorization();
        query[name] = value;
        const DevAnswer answer = f.get("/authorize", query);
        CHECK(answer.status == 400);
        CHECK(answer.location.empty());
    }
}

TEST_CASE("client credentials need the secret, and give no more than the service may") {
    Fixture f;
    FormFields form{{"grant_type", "client_credentials"},
                    {"client_id", "pipeline"},
                    {"client_secret", "a-secret-of-16-bytes"},
                    {"scope", all_scopes}};
    const auto who = f.who(f.tokens(form));
    REQUIRE(who);
    CHECK(who->subject == "pipeline");
    CHECK(who->scopes == ScopeSet{Scope::compute_create});
    form["client_secret"] = "a-secret-of-16-bytez";
    CHECK(f.error(form) == "invalid_client");
    form["client_id"] = "euromesh-cli";
    CHECK(f.error(form) == "invalid_client");
    CHECK(f.error({{"grant_type", "password"}, {"client_id", "euromesh-cli"}}) == "unsupported_grant_type");
}

TEST_CASE("after a change of keys tokens of before are still good") {
    Fixture f;
    const Json answer = f.tokens(Fixture::exchange(f.code()));
    f.issuer->rotate(TokenKey::generate(TokenAlgorithm::rs256), f.now_ms);
    CHECK(f.who(answer).has_value());
    CHECK(f.who(f.tokens(Fixture::exchange(f.code()))).has_value());
    CHECK(KeySet::parse(f.get("/jwks").body)->size() == 2);
    f.now_ms += 660'000;
    CHECK(KeySet::parse(f.get("/jwks").body)->size() == 1);
}

TEST_CASE("it cannot be made for an address that others can reach, and answers only under its own name") {
    CHECK_FALSE(
        DevIssuer::make(config(), "0.0.0.0", TokenKey::generate(TokenAlgorithm::es256), os::fill_random));
    DevIssuerConfig wrong = config();
    wrong.issuer = "http://issuer.example";
    CHECK_FALSE(
        DevIssuer::make(wrong, "127.0.0.1", TokenKey::generate(TokenAlgorithm::es256), os::fill_random));
    Fixture f;
    CHECK(f.issuer->handle({"GET", "evil.example:8701", "/dev/jwks", "", "", ""}, f.now_ms).status == 421);
    CHECK(f.get("/nothing").status == 404);
    CHECK(f.issuer->handle({"GET", "127.0.0.1:8701", "/jwks", "", "", ""}, f.now_ms).status == 404);
    CHECK(f.post("/token", {{"grant_type", "refresh_token"}}).status == 401);
}

}  // namespace
}  // namespace euromesh::federation
