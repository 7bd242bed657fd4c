// Tokens that were checked a moment ago, so that a busy client costs a SHA-256 and not a signature.
//
// An entry is dropped when its token expires, when the keys of any issuer change, and when room is needed
// (the oldest first). Only accepted tokens are kept: refusals are cheap to repeat and would be an attacker's
// way to push others out. Only digests of tokens are in memory. Thread rule: locks; any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/hash.hpp"
#include "federation/identity/principal.hpp"

namespace euromesh::federation {

class TokenCache {
  public:
    explicit TokenCache(std::size_t most) : most_(most) {}

    // Null: not known, or its time is over.
    std::shared_ptr<const Principal> find(std::string_view token, std::int64_t now_ms);
    // `generation` is what generation() said before the token was checked: a check against keys that have
    // changed meanwhile is not kept.
    void keep(std::string_view token, std::shared_ptr<const Principal> who, std::uint64_t generation);
    void clear();
    std::uint64_t generation() const;
    std::size_t size() const;

  private:
    // A digest's first bytes are as good as any hash of it.
    struct FirstBytes {
        std::size_t operator()(const Sha256Digest& digest) const;
    };
    std::size_t most_;
    mutable std::mutex mutex_;
    std::uint64_t generation_ = 0;
    std::unordered_map<Sha256Digest, std::shared_ptr<const Principal>, FirstBytes> entries_;
    std::deque<Sha256Digest> order_;  // of entries_, and of some that have gone
};

}  // namespace euromesh::federation
