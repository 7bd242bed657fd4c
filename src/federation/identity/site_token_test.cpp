#include "federation/identity/site_token.hpp"

#include <doctest/doctest.h>

#include "base/os/entropy.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;

SiteId site(const char* name) {
    return SiteId::parse(name, "site").value();
}

SiteGrant grant() {
    return {site("alpha"), "u1234", {Scope::compute_create, Scope::compute_read}, "claim-7"};
}

TokenMint mint() {
    return {"https://coordinator.example", TokenKey::generate(TokenAlgorithm::es256), os::fill_random};
}

Code code_of(const TokenMint& minter, const std::string& token, const char* at, std::int64_t when) {
    const auto found = check_site_token(token, minter.keys(when), minter.issuer(), site(at), when);
    return found ? Code::internal : found.error().code;
}

TEST_CASE("a minted token is good at its site, and tells account, scope and claim") {
    const TokenMint minter = mint();
    const auto token = minter.mint(grant(), now_ms);
    REQUIRE(token);
    const auto found =
        check_site_token(*token, minter.keys(now_ms), minter.issuer(), site("alpha"), now_ms + 1000);
    REQUIRE(found);
    CHECK(found->grant.account == "u1234");
    CHECK(found->grant.scopes == grant().scopes);
    CHECK(found->grant.claim == "claim-7");
    CHECK(found->expires_ms == now_ms + site_token_lifetime_ms);
    CHECK(found->token_id.size() == 22);
}

TEST_CASE("at another site, after its minutes, or from another mint it is refused") {
    const TokenMint minter = mint();
    const std::string token = minter.mint(grant(), now_ms).value();
    CHECK(code_of(minter, token, "beta", now_ms) == Code::refused);
    CHECK(code_of(minter, token, "alpha", now_ms + site_token_lifetime_ms + token_leeway_ms) ==
          Code::refused);
    CHECK(code_of(mint(), token, "alpha", now_ms) == Code::refused);
    CHECK(code_of(minter, token, "alpha", now_ms) == Code::internal);
}

TEST_CASE("a token for two sites, without a claim, or of another type is refused although we signed it") {
    const TokenKey key = TokenKey::generate(TokenAlgorithm::es256);
    const TokenMint minter("https://coordinator.example", key, os::fill_random);
    Json claims = {{"iss", "https://coordinator.example"},
                   {"sub", "u1"},
                   {"aud", "alpha"},
                   {"exp", now_ms / 1000 + 60},
                   {"claim", "c"}};
    CHECK(code_of(minter, make_jws(key, "at+jwt", claims), "alpha", now_ms) == Code::internal);
    CHECK(code_of(minter, make_jws(key, "JWT", claims), "alpha", now_ms) == Code::refused);
    claims["aud"] = {"alpha", "beta"};
    CHECK(code_of(minter, make_jws(key, "at+jwt", claims), "alpha", now_ms) == Code::refused);
    claims["aud"] = "alpha";
    claims.erase("claim");
    CHECK(code_of(minter, make_jws(key, "at+jwt", claims), "alpha", now_ms) == Code::refused);
}

TEST_CASE("after a change of keys old tokens live out their time") {
    TokenMint minter = mint();
    const std::string old_token = minter.mint(grant(), now_ms).value();
    minter.rotate(TokenKey::generate(TokenAlgorithm::es256), now_ms + 1000);
    CHECK(minter.keys(now_ms + 1000).size() == 2);
    CHECK(code_of(minter, old_token, "alpha", now_ms + 2000) == Code::internal);
    CHECK(code_of(minter, minter.mint(grant(), now_ms + 2000).value(), "alpha", now_ms + 2000) ==
          Code::internal);
    CHECK(minter.keys(now_ms + 1000 + site_token_lifetime_ms + token_leeway_ms).size() == 1);
}

TEST_CASE("a general token is never minted") {
    for (const auto& change :
         {+[](SiteGrant& g) { g.account.clear(); }, +[](SiteGrant& g) { g.claim.clear(); },
          +[](SiteGrant& g) { g.scopes = {}; }, +[](SiteGrant& g) { g.site = {}; }}) {
        SiteGrant wrong = grant();
        change(wrong);
        CHECK(mint().mint(wrong, now_ms).error().code == Code::bad_input);
    }
}

}  // namespace
}  // namespace euromesh::federation
