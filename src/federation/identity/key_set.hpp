// The public keys of one issuer (JSON Web Key Set, RFC 7517 section 5), found by their id.
//
// Why bounded: the document comes from a network. Keys that are not ours to use (encryption, other curves,
// without an id) are left out, for issuers publish them beside the others; two usable keys with one id make
// the whole set refused, as either may be an attacker's. Immutable, so that threads may share it.
#pragma once

#include <string_view>
#include <vector>

#include "federation/identity/token_key.hpp"

namespace euromesh::federation {

inline constexpr std::size_t key_set_max_bytes = 256u << 10;
inline constexpr std::size_t key_set_max_keys = 64;

class KeySet {
  public:
    KeySet() = default;
    explicit KeySet(std::vector<TokenPublicKey> keys) : keys_(std::move(keys)) {}
    // bad_input: not such a document, too many keys, an id twice, a private key among them, or none that is
    // usable.
    static Result<KeySet> parse(std::string_view text);

    // Null: unknown.
    const TokenPublicKey* find(std::string_view id) const;
    std::size_t size() const { return keys_.size(); }
    Json document() const;
    bool has_same_keys(const KeySet& other) const { return document() == other.document(); }

  private:
    std::vector<TokenPublicKey> keys_;
};

}  // namespace euromesh::federation
