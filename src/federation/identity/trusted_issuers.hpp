// The issuers whose tokens we believe, with their keys as they are today.
//
// A step machine: verify() answers at once from what it has; due() says which documents are to be fetched
// now, the caller fetches them (issuer_fetcher.hpp) and hands them to answer(). So that no request waits for
// another's network, and everything can be tested with a clock of our own.
//
// Keys are fetched anew every hour; a token whose key is unknown asks for them sooner, but at most once a
// minute and issuer: whoever sends nonsense cannot make us ask more. While an issuer is away its last keys
// stay good for a day. Thread rule: locks; any thread. The signature is checked outside of the lock.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "federation/identity/issuer_document.hpp"
#include "federation/identity/token_cache.hpp"
#include "federation/identity/token_check.hpp"

namespace euromesh::federation {

struct IssuerConfig {
    std::string issuer;    // URL, exactly as in its tokens
    std::string audience;  // of access tokens for us
    std::string client;    // our id there, for `login`; never the audience, or ID tokens would pass
    std::vector<std::string> group_name_spaces{};  // which groups it may tell: "urn:geant:example.eu"
};

// bad_input: not HTTPS (or this machine), no audience, audience equal to client.
Status check(const IssuerConfig& config);

struct IssuerFetch {
    enum class What { document, keys };
    std::size_t issuer = 0;
    What what = What::document;
    std::string url;
    std::size_t max_bytes = 0;
};

inline constexpr std::int64_t keys_refresh_ms = 3'600'000;
inline constexpr std::int64_t keys_last_ms = 24 * 3'600'000;
inline constexpr std::int64_t unknown_key_refetch_ms = 60'000;

class TrustedIssuers {
  public:
    // bad_input: a configuration that check() refuses, one issuer twice, none.
    static Result<std::unique_ptr<TrustedIssuers>> make(std::vector<IssuerConfig> configs,
                                                        std::size_t cached_tokens = 10'000);

    // refused: the token; unavailable: the keys of its issuer could not be had yet.
    Result<std::shared_ptr<const Principal>> verify(std::string_view token, std::int64_t now_ms);

    // Each is told once, until it is answered.
    std::vector<IssuerFetch> due(std::int64_t now_ms);
    // The document's text, or why there is none. Says whether it was taken, for the log.
    Status answer(const IssuerFetch& fetch, const Result<std::string>& text, std::int64_t now_ms);

    bool has_all_keys() const;
    std::size_t cached_tokens() const { return cache_.size(); }

  private:
    struct Issuer {
        TokenRules rules;
        std::string keys_url;
        std::shared_ptr<const KeySet> keys;
        std::int64_t keys_at_ms = 0;   // when they came
        std::int64_t asked_at_ms = 0;  // the last fetch of keys
        std::int64_t next_ms = 0;
        std::int64_t wait_ms = 0;  // after a failure, doubled
        bool is_asking = false;
        bool has_unknown_key = false;
    };
    explicit TrustedIssuers(std::vector<IssuerConfig> configs, std::size_t cached_tokens);
    Issuer* find(const Json& claims);
    Result<std::shared_ptr<const KeySet>> keys_for(Issuer& issuer, const Jws& jws, std::int64_t now_ms);
    Status take(Issuer& issuer, const IssuerFetch& fetch, const std::string& text, std::int64_t now_ms);

    mutable std::mutex mutex_;
    std::vector<Issuer> issuers_;  // rules do not change; the rest is under the lock
    TokenCache cache_;
};

}  // namespace euromesh::federation
