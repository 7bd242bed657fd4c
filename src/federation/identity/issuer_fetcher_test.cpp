#include "federation/identity/issuer_fetcher.hpp"

#include <doctest/doctest.h>

#include "base/os/entropy.hpp"
#include "federation/identity/oidc_server_for_test.hpp"

namespace euromesh::federation {
namespace {

struct Fixture {
    const OidcServer& server = oidc_server();
    os::SystemClock clock;
    IssuerFetcher fetcher;

    LoginClient client(const std::string& resource = "urn:coordinator") {
        LoginClient made{fetcher.document(server.url()).value(), "euromesh-cli", "",
                         "openid offline_access compute.read", resource};
        return made;
    }
    LoginClient pipeline(const std::string& resource) {
        LoginClient made = client(resource);
        made.client = "pipeline";
        made.secret = "a-secret-of-16-bytes";
        made.scope = "compute.create";
        return made;
    }
    TokenSet tokens(const FormCall& call) {
        const auto answer = fetcher.post(call);
        REQUIRE(answer);
        auto set = parse_token_answer(answer->first, answer->second, wall_ms(clock));
        REQUIRE_MESSAGE(set, answer->second);
        return *set;
    }
    std::unique_ptr<TrustedIssuers> trusted(const std::string& audience) {
        auto made = TrustedIssuers::make({{server.url(), audience, "euromesh-cli", {"urn:geant:example.eu"}}})
                        .value();
        CHECK(fetcher.refresh(*made, clock).empty());
        CHECK(made->has_all_keys());
        return made;
    }
};

TEST_CASE("a real issuer: access tokens of both algorithms, for their audience only") {
    Fixture f;
    for (const std::string resource : {"urn:coordinator", "urn:coordinator:ec"}) {
        const std::string token = f.tokens(service_call(f.pipeline(resource)).value()).access_token;
        const auto algorithm = parse_jws(token)->algorithm;
        CHECK(algorithm == (resource.ends_with("ec") ? TokenAlgorithm::es256 : TokenAlgorithm::rs256));
        const auto issuers = f.trusted(resource);
        const auto who = issuers->verify(token, wall_ms(f.clock));
        REQUIRE(who);
        CHECK((*who)->subject == "pipeline");
        CHECK((*who)->scopes == ScopeSet{Scope::compute_create});
        REQUIRE((*who)->groups.size() == 1);
        CHECK((*who)->groups[0].path() == "project-a");
        CHECK((*who)->groups[0].role == "manager");
        CHECK(f.trusted("urn:another")->verify(token, wall_ms(f.clock)).error().code == Code::refused);
        CHECK(issuers->verify(token, (*who)->expires_ms + token_leeway_ms).error().code == Code::refused);
    }
}

TEST_CASE("a real issuer: authorisation code with PKCE, ID token, refresh") {
    Fixture f;
    const std::string redirect = "http://127.0.0.1:4567/back";
    const auto login = CodeLogin::make(f.client(), redirect, os::fill_random).value();
    const std::string back = f.server.visit(login.url(), redirect);
    REQUIRE_MESSAGE(back.starts_with(redirect + "?"), back);
    const auto call = login.redirected(back.substr(redirect.size() + 1));
    REQUIRE(call);
    const auto answer = f.fetcher.post(*call).value();
    const KeySet keys = f.fetcher.keys(f.client().issuer).value();
    const auto set = login.exchanged(answer.first, answer.second, keys, wall_ms(f.clock));
    REQUIRE(set);
    const auto who = f.trusted("urn:coordinator")->verify(set->access_token, wall_ms(f.clock));
    REQUIRE(who);
    CHECK((*who)->subject == "ada");
    CHECK((*who)->scopes == ScopeSet{Scope::compute_read});
    CHECK_FALSE(f.trusted("urn:coordinator")->verify(set->id_token, wall_ms(f.clock)));
    const TokenSet next = f.tokens(refresh_call(f.client(), set->refresh_token));
    CHECK(f.trusted("urn:coordinator")->verify(next.access_token, wall_ms(f.clock)));
    // The code is spent.
    const auto replay = f.fetcher.post(*call).value();
    CHECK(oauth_error_of(replay.first, replay.second) == "invalid_grant");
    const auto denied = CodeLogin::make(f.client(), redirect, os::fill_random).value();
    const std::string refusal = f.server.visit(denied.url(), redirect, true);
    REQUIRE_MESSAGE(refusal.starts_with(redirect + "?"), refusal);
    CHECK_FALSE(denied.redirected(refusal.substr(redirect.size() + 1)));
}

TEST_CASE("a real issuer: device flow, and the device code again") {
    Fixture f;
    auto login = DeviceLogin::make(f.client()).value();
    const auto begun = f.fetcher.post(login.start()).value();
    REQUIRE(login.started(begun.first, begun.second, wall_ms(f.clock)));
    const auto early = login.polled(f.fetcher.post(login.poll()), wall_ms(f.clock));
    REQUIRE(early);
    CHECK_FALSE(*early);
    CHECK(f.server.visit(login.prompt().complete_url).starts_with("200 "));
    const auto set = login.polled(f.fetcher.post(login.poll()), wall_ms(f.clock));
    REQUIRE(set);
    REQUIRE(*set);
    CHECK(f.trusted("urn:coordinator")->verify((*set)->access_token, wall_ms(f.clock)));
    CHECK(login.polled(f.fetcher.post(login.poll()), wall_ms(f.clock)).error().code == Code::refused);
}

TEST_CASE("a real issuer changes its keys") {
    Fixture f;
    const auto issuers = f.trusted("urn:coordinator");
    const std::string before = f.tokens(service_call(f.pipeline("urn:coordinator")).value()).access_token;
    CHECK(issuers->verify(before, wall_ms(f.clock)));
    f.server.rotate();
    const std::string after = f.tokens(service_call(f.pipeline("urn:coordinator")).value()).access_token;
    CHECK(issuers->verify(after, wall_ms(f.clock)).error().code == Code::refused);
    const HastyClock later(std::chrono::seconds(31));  // the issuer is asked a minute after the last time
    CHECK(later.wall() > Nanoseconds(0));
    CHECK(f.fetcher.refresh(*issuers, later).empty());
    CHECK(issuers->verify(after, wall_ms(f.clock)));
    CHECK(issuers->verify(before, wall_ms(f.clock)).error().code == Code::refused);
}

TEST_CASE("nobody is asked over an open network, and what goes wrong is told") {
    IssuerFetcher fetcher;
    CHECK(fetcher.get("http://issuer.example/x", 100).error().code == Code::bad_input);
    CHECK(fetcher.post({"http://issuer.example/x", "a=b"}).error().code == Code::bad_input);
    CHECK(fetcher.document("http://127.0.0.1:1").error().code == Code::unavailable);
    CHECK(fetcher.get(oidc_server().url() + "/nothing", 100).error().code == Code::unavailable);
    CHECK(fetcher.get(oidc_server().url() + "/jwks", 100).error().code == Code::no_space);
    auto issuers = TrustedIssuers::make({{"http://127.0.0.1:1", "a", "c", {}}}).value();
    const os::SystemClock clock;
    REQUIRE(fetcher.refresh(*issuers, clock).size() == 1);
    CHECK(fetcher.refresh(*issuers, clock).empty());
}

}  // namespace
}  // namespace euromesh::federation
