// Hashes and proofs of the Merkle tree of RFC 6962 and RFC 9162 (section 2.1): what anybody can check with a
// root alone.
//
// Why: a head of 32 bytes stands for every entry before it. An inclusion proof shows that an entry is one of
// them, a consistency proof that an older head is a beginning of a newer one. Leaves are hashed with a 0
// before them and inner nodes with a 1, so that no entry passes for a node. Pure; leaves are opaque bytes.
// It does not build proofs: merkle_tree.hpp does. The verifier has code of its own for the same.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.hpp"

namespace euromesh::federation {

using NodeHash = Sha256Digest;
using Proof = std::vector<NodeHash>;

// More than a proof in a tree of 2^63 leaves has.
inline constexpr std::size_t proof_most_hashes = 64;

NodeHash leaf_hash(std::string_view entry);
NodeHash node_hash(const NodeHash& left, const NodeHash& right);
// The root of the tree without leaves: SHA-256 of nothing.
NodeHash empty_root();

// RFC 9162, 2.1.3.2. index counts from 0.
bool verify_inclusion(const NodeHash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const NodeHash> proof, const NodeHash& root);

// RFC 9162, 2.1.4.2; beyond it, equal sizes need equal roots and no proof, and the empty tree is a beginning
// of every tree.
bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const NodeHash& old_root,
                        const NodeHash& new_root, std::span<const NodeHash> proof);

}  // namespace euromesh::federation
