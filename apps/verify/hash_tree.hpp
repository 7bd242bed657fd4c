// The root of a growing Merkle tree, computed by libsodium: the verifier's own code for it.
//
// Why: a verifier that shares hashing code with what it checks repeats its mistakes. This one keeps the
// frontier only (one hash for each 1 in the size), so that a ledger of any length is checked in constant
// memory. RFC 6962 / 9162: leaves hashed after a 0 byte, inner nodes after a 1. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace euromesh::verify {

using Hash = std::array<unsigned char, 32>;

Hash hash_of(std::string_view bytes);
Hash leaf_hash_of(std::string_view entry);

class HashTree {
  public:
    void add(const Hash& leaf);
    std::uint64_t size() const { return size_; }
    Hash root() const;

  private:
    std::uint64_t size_ = 0;
    std::vector<Hash> frontier_;  // roots of complete subtrees, largest first
};

}  // namespace euromesh::verify
