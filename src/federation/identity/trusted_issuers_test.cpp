#include "federation/identity/trusted_issuers.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "base/os/thread.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;
const std::string issuer_url = "https://issuer.example";

IssuerConfig config() {
    return {issuer_url, "urn:coordinator", "cli", {}};
}

// An issuer that answers what it is asked from its present keys.
struct Issuer {
    std::vector<TokenKey> keys{TokenKey::generate(TokenAlgorithm::es256)};
    int asked = 0;
    bool is_away = false;

    Result<std::string> reply(const IssuerFetch& fetch) {
        ++asked;
        if (is_away) return fail(Code::unavailable, "away");
        if (fetch.what == IssuerFetch::What::document) {
            CHECK(fetch.url == "https://issuer.example/.well-known/openid-configuration");
            return Json{{"issuer", issuer_url},
                        {"jwks_uri", "https://issuer.example/keys"},
                        {"token_endpoint", "https://issuer.example/token"}}
                .dump();
        }
        CHECK(fetch.url == "https://issuer.example/keys");
        std::vector<TokenPublicKey> shown;
        for (const TokenKey& key : keys) shown.push_back(key.public_key());
        return KeySet(std::move(shown)).document().dump();
    }
    std::string token(std::int64_t at_ms, std::int64_t lives_s = 3600 * 48) const {
        return make_jws(
            keys.back(), "at+jwt",
            {{"iss", issuer_url}, {"aud", "urn:coordinator"}, {"sub", "p"}, {"exp", at_ms / 1000 + lives_s}});
    }
};

void fetch_all(TrustedIssuers& trusted, Issuer& issuer, std::int64_t when) {
    for (int round = 0; round < 3; ++round) {
        for (const IssuerFetch& fetch : trusted.due(when)) {
            [[maybe_unused]] const Status taken = trusted.answer(fetch, issuer.reply(fetch), when);
        }
    }
}

std::unique_ptr<TrustedIssuers> make_trusted() {
    return TrustedIssuers::make({config()}).value();
}

Code code_of(TrustedIssuers& trusted, const std::string& token, std::int64_t when) {
    const auto who = trusted.verify(token, when);
    return who ? Code::internal : who.error().code;
}

TEST_CASE("document, then keys, then tokens; before that it is unavailable") {
    Issuer issuer;
    const auto trusted = make_trusted();
    CHECK(code_of(*trusted, issuer.token(now_ms), now_ms) == Code::unavailable);
    CHECK_FALSE(trusted->has_all_keys());
    fetch_all(*trusted, issuer, now_ms);
    CHECK(trusted->has_all_keys());
    CHECK(issuer.asked == 2);
    const auto who = trusted->verify(issuer.token(now_ms), now_ms);
    REQUIRE(who);
    CHECK((*who)->subject == "p");
    CHECK(trusted->cached_tokens() == 1);
    CHECK(trusted->due(now_ms + keys_refresh_ms - 1).empty());
    CHECK(trusted->due(now_ms + keys_refresh_ms).size() == 1);
    CHECK(trusted->due(now_ms + keys_refresh_ms).empty());
}

// Whoever is trusted for itself is not trusted for others.
TEST_CASE("a token that names one issuer is not good by another trusted issuer's key") {
    const std::string second_url = "https://second.example";
    IssuerConfig second = config();
    second.issuer = second_url;
    const auto trusted = TrustedIssuers::make({config(), second}).value();
    Issuer first, other;
    for (int round = 0; round < 3; ++round) {
        for (const IssuerFetch& fetch : trusted->due(now_ms)) {
            const bool is_second = fetch.url.starts_with(second_url);
            Result<std::string> reply = std::string();
            if (is_second && fetch.what == IssuerFetch::What::document)
                reply = Json{{"issuer", second_url},
                             {"jwks_uri", second_url + "/keys"},
                             {"token_endpoint", second_url + "/token"}}
                            .dump();
            else if (is_second)
                reply = KeySet({other.keys[0].public_key()}).document().dump();
            else
                reply = first.reply(fetch);
            CHECK(trusted->answer(fetch, reply, now_ms));
        }
    }
    REQUIRE(trusted->has_all_keys());
    const auto signed_by = [&](const TokenKey& key, const std::string& issuer) {
        return make_jws(
            key, "at+jwt",
            {{"iss", issuer}, {"aud", "urn:coordinator"}, {"sub", "p"}, {"exp", now_ms / 1000 + 60}});
    };
    CHECK(trusted->verify(signed_by(first.keys[0], issuer_url), now_ms));
    CHECK(trusted->verify(signed_by(other.keys[0], second_url), now_ms));
    CHECK(code_of(*trusted, signed_by(other.keys[0], issuer_url), now_ms) == Code::refused);
    CHECK(code_of(*trusted, signed_by(first.keys[0], second_url), now_ms) == Code::refused);
    CHECK(code_of(*trusted, signed_by(first.keys[0], "https://third.example"), now_ms) == Code::refused);
}

TEST_CASE("a new key is fetched soon, but nonsense makes us ask at most once a minute") {
    Issuer issuer;
    const auto trusted = make_trusted();
    fetch_all(*trusted, issuer, now_ms);
    issuer.asked = 0;
    issuer.keys.push_back(TokenKey::generate(TokenAlgorithm::rs256));
    const std::int64_t later = now_ms + unknown_key_refetch_ms;
    CHECK(code_of(*trusted, issuer.token(later), later) == Code::refused);
    fetch_all(*trusted, issuer, later);
    CHECK(code_of(*trusted, issuer.token(later), later) == Code::internal);
    CHECK(issuer.asked == 1);
    Issuer other;
    for (std::int64_t second = 0; second < 180; ++second) {
        const std::int64_t when = later + second * 1000;
        CHECK(code_of(*trusted, other.token(when), when) == Code::refused);
        fetch_all(*trusted, issuer, when);
    }
    CHECK(issuer.asked == 3);
}

TEST_CASE("a withdrawn key ends its tokens, also those that were cached") {
    Issuer issuer;
    const auto trusted = make_trusted();
    fetch_all(*trusted, issuer, now_ms);
    const std::string old_token = issuer.token(now_ms);
    CHECK(code_of(*trusted, old_token, now_ms) == Code::internal);
    issuer.keys = {TokenKey::generate(TokenAlgorithm::es256)};
    fetch_all(*trusted, issuer, now_ms + keys_refresh_ms);
    CHECK(trusted->cached_tokens() == 0);
    CHECK(code_of(*trusted, old_token, now_ms + keys_refresh_ms) == Code::refused);
    CHECK(code_of(*trusted, issuer.token(now_ms), now_ms + keys_refresh_ms) == Code::internal);
}

TEST_CASE("while the issuer is away its keys stay good for a day, and it is asked ever more seldom") {
    Issuer issuer;
    const auto trusted = make_trusted();
    fetch_all(*trusted, issuer, now_ms);
    issuer.is_away = true;
    issuer.asked = 0;
    for (std::int64_t second = 3600; second < 7200; ++second)
        fetch_all(*trusted, issuer, now_ms + second * 1000);
    CHECK(issuer.asked > 10);
    CHECK(issuer.asked < 20);
    CHECK(code_of(*trusted, issuer.token(now_ms), now_ms + keys_last_ms) == Code::internal);
    CHECK(code_of(*trusted, issuer.token(now_ms + 1), now_ms + keys_last_ms + 1) != Code::refused);
    CHECK(code_of(*trusted, issuer.token(now_ms, 3600 * 47), now_ms + keys_last_ms + 1) == Code::unavailable);
    issuer.is_away = false;
    fetch_all(*trusted, issuer, now_ms + keys_last_ms + 1'000'000);
    CHECK(code_of(*trusted, issuer.token(now_ms), now_ms + keys_last_ms + 1'000'000) == Code::internal);
}

TEST_CASE("several threads ask while keys change, and none is ever told wrong") {
    Issuer issuer;
    const auto trusted = make_trusted();
    fetch_all(*trusted, issuer, now_ms);
    const TokenKey stays = issuer.keys.back();
    const std::string good = issuer.token(now_ms), bad = Issuer().token(now_ms);
    std::atomic<int> wrong = 0;
    std::atomic<bool> is_over = false;
    std::vector<os::Thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            while (!is_over) {
                wrong += trusted->verify(good, now_ms) ? 0 : 1;
                wrong += trusted->verify(bad, now_ms) ? 1 : 0;
            }
        });
    }
    for (int round = 1; round <= 50; ++round) {
        issuer.keys = {stays, TokenKey::generate(TokenAlgorithm::es256)};
        fetch_all(*trusted, issuer, now_ms + round * keys_refresh_ms);
    }
    is_over = true;
    threads.clear();
    CHECK(wrong == 0);
}

TEST_CASE("an answer that is not right is told, and changes nothing") {
    const auto trusted = make_trusted();
    const auto fetches = trusted->due(now_ms);
    REQUIRE(fetches.size() == 1);
    const Status taken = trusted->answer(fetches[0], std::string("{}"), now_ms);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().message.starts_with("issuer https://issuer.example: "));
    CHECK(trusted->due(now_ms).empty());
    CHECK(trusted->due(now_ms + 5'000).size() == 1);
}

TEST_CASE("issuers that could not be trusted are refused at the start") {
    const auto with = [](const auto& change) {
        IssuerConfig one = config();
        change(one);
        return TrustedIssuers::make({one}).has_value();
    };
    CHECK(with([](IssuerConfig&) {}));
    CHECK_FALSE(with([](IssuerConfig& one) { one.issuer = "http://issuer.example"; }));
    CHECK_FALSE(with([](IssuerConfig& one) { one.audience = ""; }));
    CHECK_FALSE(with([](IssuerConfig& one) { one.client = one.audience; }));
    CHECK_FALSE(TrustedIssuers::make({}));
    CHECK_FALSE(TrustedIssuers::make({config(), config()}));
    const auto trusted = make_trusted();
    Json claims = {{"iss", "https://other.example"}, {"aud", "urn:coordinator"}, {"sub", "p"}, {"exp", 9e9}};
    CHECK(code_of(*trusted, make_jws(TokenKey::generate(TokenAlgorithm::es256), "at+jwt", claims), now_ms) ==
          Code::refused);
}

}  // namespace
}  // namespace euromesh::federation
