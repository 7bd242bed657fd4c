#include "federation/identity/site_assertion.hpp"

#include <doctest/doctest.h>

#include "base/os/entropy.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;
const std::string coordinator = "https://coordinator.example";

SiteId site(const char* name) {
    return SiteId::parse(name, "site").value();
}

struct Fixture {
    explicit Fixture(std::size_t limit = 1000) : gate(coordinator, limit) {
        gate.enrol(site("alpha"), alpha.public_key());
        gate.enrol(site("beta"), beta.public_key());
    }
    std::string fresh(std::int64_t when = now_ms) const {
        return make_site_assertion(alpha, site("alpha"), coordinator, os::fill_random, when);
    }
    Code code(const std::string& assertion, std::int64_t when = now_ms) {
        const auto who = gate.authenticate(assertion, when);
        return who ? Code::internal : who.error().code;
    }
    TokenKey alpha = TokenKey::generate(TokenAlgorithm::es256);
    TokenKey beta = TokenKey::generate(TokenAlgorithm::es256);
    SiteAuthenticator gate;
};

TEST_CASE("a site proves its key once with each statement") {
    Fixture f;
    const std::string assertion = f.fresh();
    CHECK(f.gate.authenticate(assertion, now_ms).value() == site("alpha"));
    const auto again = f.gate.authenticate(assertion, now_ms + 30'000);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Code::refused);
    CHECK(again.error().message.find("used before") != std::string::npos);
    CHECK(f.gate.authenticate(f.fresh(), now_ms).has_value());
}

TEST_CASE("another site's key, another audience, a forgotten site, an old statement are refused") {
    Fixture f;
    const auto from = [&](const TokenKey& key, const char* name, const std::string& audience) {
        return make_site_assertion(key, site(name), audience, os::fill_random, now_ms);
    };
    CHECK(f.code(from(f.beta, "alpha", coordinator)) == Code::refused);
    CHECK(f.code(from(f.alpha, "gamma", coordinator)) == Code::refused);
    CHECK(f.code(from(f.alpha, "alpha", "https://other.example")) == Code::refused);
    CHECK(f.code(f.fresh(now_ms - 121'000)) == Code::refused);
    CHECK(f.code("no token") == Code::refused);
    CHECK(f.code(f.fresh()) == Code::internal);
    f.gate.forget(site("alpha"));
    CHECK(f.code(f.fresh()) == Code::refused);
}

TEST_CASE("a statement for longer than a minute, without a jti, or of another type is refused") {
    Fixture f;
    const auto signed_with = [&](const char* type, std::int64_t seconds, const char* jti) {
        Json claims = {{"iss", "alpha"},
                       {"sub", "alpha"},
                       {"aud", coordinator},
                       {"iat", now_ms / 1000},
                       {"exp", now_ms / 1000 + seconds},
                       {"jti", jti}};
        return make_jws(f.alpha, type, claims);
    };
    constexpr const char* type = "client-authentication+jwt";
    CHECK(f.code(signed_with(type, 60, "0123456789abcdef")) == Code::internal);
    CHECK(f.code(signed_with(type, 61, "0123456789abcdeg")) == Code::refused);
    CHECK(f.code(signed_with(type, 60, "short")) == Code::refused);
    CHECK(f.code(signed_with("JWT", 60, "0123456789abcdeh")) == Code::refused);
}

TEST_CASE("a site that floods shuts out itself, for as long as its statements live") {
    Fixture f(3);
    for (int i = 0; i < 3; ++i) CHECK(f.code(f.fresh()) == Code::internal);
    CHECK(f.code(f.fresh()) == Code::unavailable);
    CHECK(f.gate
              .authenticate(make_site_assertion(f.beta, site("beta"), coordinator, os::fill_random, now_ms),
                            now_ms)
              .has_value());
    const std::int64_t later = now_ms + assertion_lifetime_ms + token_leeway_ms;
    CHECK(f.code(f.fresh(later), later) == Code::internal);
}

}  // namespace
}  // namespace euromesh::federation
