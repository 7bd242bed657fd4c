#include "federation/ledger/merkle.hpp"

#include <algorithm>
#include <bit>

namespace euromesh::federation {
namespace {

constexpr std::byte leaf_prefix{0};
constexpr std::byte node_prefix{1};

// The position of a node and of the last one on its level, while a proof is walked up.
struct Walk {
    std::uint64_t node;
    std::uint64_t last;
    bool is_right() const { return (node & 1) == 1 || node == last; }
    void up() {
        node >>= 1;
        last >>= 1;
    }
    // Levels where the node has no sibling are passed over.
    void skip_lonely() {
        while ((node & 1) == 0 && node != 0) up();
    }
};

}  // namespace

NodeHash leaf_hash(std::string_view entry) {
    Sha256 hash;
    hash.add(std::span(&leaf_prefix, 1));
    hash.add(std::as_bytes(std::span(entry.data(), entry.size())));
    return hash.finish();
}

NodeHash node_hash(const NodeHash& left, const NodeHash& right) {
    std::array<std::byte, 65> bytes;
    bytes[0] = node_prefix;
    const auto rest = std::as_writable_bytes(std::span(bytes)).subspan(1);
    std::ranges::copy(std::as_bytes(std::span(left)), rest.begin());
    std::ranges::copy(std::as_bytes(std::span(right)), rest.begin() + 32);
    return sha256(std::span<const std::byte>(bytes));
}

NodeHash empty_root() {
    return sha256(std::string_view());
}

bool verify_inclusion(const NodeHash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const NodeHash> proof, const NodeHash& root) {
    if (index >= size) return false;
    Walk walk{index, size - 1};
    NodeHash hash = leaf;
    for (const NodeHash& sibling : proof) {
        if (walk.last == 0) return false;
        if (walk.is_right()) {
            hash = node_hash(sibling, hash);
            walk.skip_lonely();
        } else {
            hash = node_hash(hash, sibling);
        }
        walk.up();
    }
    return walk.last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const NodeHash& old_root,
                        const NodeHash& new_root, std::span<const NodeHash> proof) {
    if (old_size > new_size) return false;
    if (old_size == new_size) return proof.empty() && old_root == new_root;
    if (old_size == 0) return proof.empty() && old_root == empty_root();
    // A complete old tree is a node of the new one, and its root is left out of the proof.
    const bool complete = std::has_single_bit(old_size);
    if (!complete && proof.empty()) return false;
    Walk walk{old_size - 1, new_size - 1};
    while ((walk.node & 1) == 1) walk.up();
    NodeHash old_hash = complete ? old_root : proof[0];
    NodeHash new_hash = old_hash;
    for (const NodeHash& sibling : complete ? proof : proof.subspan(1)) {
        if (walk.last == 0) return false;
        if (walk.is_right()) {
            old_hash = node_hash(sibling, old_hash);
            new_hash = node_hash(sibling, new_hash);
            walk.skip_lonely();
        } else {
            new_hash = node_hash(new_hash, sibling);
        }
        walk.up();
    }
    return walk.last == 0 && old_hash == old_root && new_hash == new_root;
}

}  // namespace euromesh::federation
