#include "federation/identity/trusted_issuers.hpp"

#include <algorithm>
#include <set>

#include "base/assert.hpp"
#include "federation/identity/strict_json.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t retry_first_ms = 5'000, retry_last_ms = 300'000;

}  // namespace

Status check(const IssuerConfig& config) {
    EM_TRY(check_endpoint(config.issuer, "issuer"));
    if (config.audience.empty()) return fail(Code::bad_input, "issuer {}: name an audience", config.issuer);
    if (config.audience == config.client) {
        return fail(Code::bad_input, "issuer {}: audience and client must differ, or an ID token would pass",
                    config.issuer);
    }
    return {};
}

TrustedIssuers::TrustedIssuers(std::vector<IssuerConfig> configs, std::size_t cached_tokens)
    : cache_(cached_tokens) {
    for (IssuerConfig& config : configs) {
        Issuer& issuer = issuers_.emplace_back();
        issuer.rules = {std::move(config.issuer), std::move(config.audience), TokenUse::access,
                        std::move(config.group_name_spaces)};
    }
}

Result<std::unique_ptr<TrustedIssuers>> TrustedIssuers::make(std::vector<IssuerConfig> configs,
                                                             std::size_t cached_tokens) {
    if (configs.empty()) return fail(Code::bad_input, "issuers: name at least one");
    std::set<std::string> names;
    for (const IssuerConfig& config : configs) {
        EM_TRY(check(config));
        if (!names.insert(config.issuer).second) {
            return fail(Code::bad_input, "issuers: {} stands twice", config.issuer);
        }
    }
    return std::unique_ptr<TrustedIssuers>(new TrustedIssuers(std::move(configs), cached_tokens));
}

TrustedIssuers::Issuer* TrustedIssuers::find(const Json& claims) {
    const auto name = text_at(claims, "iss");
    for (Issuer& issuer : issuers_) {
        if (name == issuer.rules.issuer) return &issuer;
    }
    return nullptr;
}

Result<std::shared_ptr<const KeySet>> TrustedIssuers::keys_for(Issuer& issuer, const Jws& jws,
                                                               std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    if (!issuer.keys || now_ms - issuer.keys_at_ms > keys_last_ms) {
        return fail(Code::unavailable, "token: the keys of its issuer cannot be had now; try again");
    }
    if (issuer.keys->find(jws.key_id) == nullptr) issuer.has_unknown_key = true;
    return issuer.keys;
}

Result<std::shared_ptr<const Principal>> TrustedIssuers::verify(std::string_view token, std::int64_t now_ms) {
    if (token.size() > token_max_bytes) return fail(Code::refused, "token: it is too long");
    if (auto known = cache_.find(token, now_ms)) return known;
    const std::uint64_t generation = cache_.generation();
    EM_ASSIGN(const Jws jws, parse_jws(token));
    Issuer* issuer = find(jws.claims);
    if (issuer == nullptr) return fail(Code::refused, "token: it is from an issuer that is not trusted here");
    EM_ASSIGN(const std::shared_ptr<const KeySet> keys, keys_for(*issuer, jws, now_ms));
    EM_TRY(check_token(jws, *keys, issuer->rules, now_ms));
    EM_ASSIGN(Principal who, principal_of(jws.claims, issuer->rules));
    auto kept = std::make_shared<const Principal>(std::move(who));
    cache_.keep(token, kept, generation);
    return kept;
}

std::vector<IssuerFetch> TrustedIssuers::due(std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    std::vector<IssuerFetch> fetches;
    for (std::size_t i = 0; i < issuers_.size(); ++i) {
        Issuer& issuer = issuers_[i];
        const bool sooner = issuer.has_unknown_key && now_ms - issuer.asked_at_ms >= unknown_key_refetch_ms &&
                            issuer.wait_ms == 0;
        if (issuer.is_asking || (now_ms < issuer.next_ms && !sooner)) continue;
        issuer.is_asking = true;
        if (issuer.keys_url.empty()) {
            fetches.push_back({i, IssuerFetch::What::document, discovery_url(issuer.rules.issuer),
                               issuer_document_max_bytes});
        } else {
            issuer.asked_at_ms = now_ms;
            issuer.has_unknown_key = false;
            fetches.push_back({i, IssuerFetch::What::keys, issuer.keys_url, key_set_max_bytes});
        }
    }
    return fetches;
}

Status TrustedIssuers::take(Issuer& issuer, const IssuerFetch& fetch, const std::string& text,
                            std::int64_t now_ms) {
    if (fetch.what == IssuerFetch::What::document) {
        EM_ASSIGN(IssuerDocument document, parse_issuer_document(text, issuer.rules.issuer));
        issuer.keys_url = std::move(document.keys_url);
        issuer.next_ms = now_ms;  // the keys at once
        return {};
    }
    EM_ASSIGN(KeySet keys, KeySet::parse(text));
    if (!issuer.keys || !issuer.keys->has_same_keys(keys)) cache_.clear();
    issuer.keys = std::make_shared<const KeySet>(std::move(keys));
    issuer.keys_at_ms = now_ms;
    issuer.next_ms = now_ms + keys_refresh_ms;
    return {};
}

Status TrustedIssuers::answer(const IssuerFetch& fetch, const Result<std::string>& text,
                              std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    EM_ASSERT(fetch.issuer < issuers_.size(), "an answer belongs to one of our issuers");
    Issuer& issuer = issuers_[fetch.issuer];
    issuer.is_asking = false;
    const Status taken = text ? take(issuer, fetch, *text, now_ms) : Status(fail(text.error()));
    if (taken) {
        issuer.wait_ms = 0;
        return {};
    }
    issuer.wait_ms = std::clamp(issuer.wait_ms * 2, retry_first_ms, retry_last_ms);
    issuer.next_ms = now_ms + issuer.wait_ms;
    // It may have moved its keys: ask where they are.
    if (fetch.what == IssuerFetch::What::keys) issuer.keys_url.clear();
    return fail(taken.error().within("issuer " + issuer.rules.issuer));
}

bool TrustedIssuers::has_all_keys() const {
    const std::lock_guard lock(mutex_);
    return std::all_of(issuers_.begin(), issuers_.end(),
                       [](const Issuer& one) { return one.keys != nullptr; });
}

}  // namespace euromesh::federation
