#include "federation/ledger/merkle_tree.hpp"

#include <bit>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view snapshot_format = "euromesh-tree/1\n";

std::string_view text_of(const NodeHash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// How many leaves the left half of a tree of that many has. count > 1.
std::uint64_t left_part(std::uint64_t count) {
    return std::bit_floor(count - 1);
}

NodeHash take_hash(std::string_view& text) {
    NodeHash hash;
    std::copy_n(text.begin(), hash.size(), hash.begin());
    text.remove_prefix(hash.size());
    return hash;
}

}  // namespace

void MerkleTree::Level::push(const NodeHash& hash) {
    if (size_ % block == 0) blocks_.push_back(std::make_unique<std::array<NodeHash, block>>());
    (*blocks_.back())[size_++ % block] = hash;
}

void MerkleTree::append(const NodeHash& leaf) {
    levels_[0].push(leaf);
    NodeHash hash = leaf;
    const unsigned merges = static_cast<unsigned>(std::countr_one(size_));
    for (unsigned level = 1; level <= merges; ++level) {
        hash = node_hash(frontier_.back(), hash);
        frontier_.pop_back();
        if (level % kept_every != 0) continue;
        if (levels_.size() <= level / kept_every) levels_.emplace_back();
        levels_[level / kept_every].push(hash);
    }
    frontier_.push_back(hash);
    ++size_;
}

NodeHash MerkleTree::root_at(std::uint64_t size) const {
    EM_ASSERT(size <= size_, "a root is asked for of a tree that is there");
    return range_root(0, size);
}

NodeHash MerkleTree::node(unsigned level, std::uint64_t index) const {
    if (level % kept_every == 0) return levels_[level / kept_every].at(index);
    return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
}

// Ranges come from halving, so that `first` is a multiple of every power of two up to `count`.
NodeHash MerkleTree::range_root(std::uint64_t first, std::uint64_t count) const {
    if (count == 0) return empty_root();
    if (std::has_single_bit(count)) {
        const auto level = static_cast<unsigned>(std::countr_zero(count));
        return node(level, first >> level);
    }
    const std::uint64_t left = left_part(count);
    return node_hash(range_root(first, left), range_root(first + left, count - left));
}

// PATH of RFC 9162, 2.1.3.1.
void MerkleTree::add_inclusion(Proof& proof, std::uint64_t index, std::uint64_t first,
                               std::uint64_t count) const {
    if (count == 1) return;
    const std::uint64_t left = left_part(count);
    if (index < left) {
        add_inclusion(proof, index, first, left);
        proof.push_back(range_root(first + left, count - left));
    } else {
        add_inclusion(proof, index - left, first + left, count - left);
        proof.push_back(range_root(first, left));
    }
}

// SUBPROOF of RFC 9162, 2.1.4.1.
void MerkleTree::add_consistency(Proof& proof, std::uint64_t old_count, std::uint64_t first,
                                 std::uint64_t count, bool is_old_root) const {
    if (old_count == count) {
        if (!is_old_root) proof.push_back(range_root(first, count));
        return;
    }
    const std::uint64_t left = left_part(count);
    if (old_count <= left) {
        add_consistency(proof, old_count, first, left, is_old_root);
        proof.push_back(range_root(first + left, count - left));
    } else {
        add_consistency(proof, old_count - left, first + left, count - left, false);
        proof.push_back(range_root(first, left));
    }
}

Result<Proof> MerkleTree::inclusion_proof(std::uint64_t index, std::uint64_t size) const {
    if (size > size_ || index >= size) {
        return fail(Code::bad_input, "entry {} in a tree of {}: the ledger has {} entries, counted from 0",
                    index, size, size_);
    }
    Proof proof;
    add_inclusion(proof, index, 0, size);
    return proof;
}

Result<Proof> MerkleTree::consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const {
    if (old_size > new_size || new_size > size_) {
        return fail(Code::bad_input,
                    "sizes {} and {}: the older one comes first, and the ledger has {} entries", old_size,
                    new_size, size_);
    }
    Proof proof;
    if (old_size > 0) add_consistency(proof, old_size, 0, new_size, true);
    return proof;
}

std::string MerkleTree::snapshot() const {
    std::string text(snapshot_format);
    text.reserve(text.size() + 8 + 32 + size_ * 32);
    for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(size_ >> shift & 255));
    text += text_of(root());
    for (std::uint64_t i = 0; i < size_; ++i) text += text_of(leaf(i));
    return text;
}

Result<MerkleTree> MerkleTree::restore(std::string_view text) {
    if (!text.starts_with(snapshot_format) || text.size() < snapshot_format.size() + 40) {
        return fail(Code::corrupted, "tree snapshot: it does not start with '{}' and a root",
                    snapshot_format.substr(0, snapshot_format.size() - 1));
    }
    text.remove_prefix(snapshot_format.size());
    std::uint64_t size = 0;
    for (const char c : text.substr(0, 8)) size = size << 8 | static_cast<unsigned char>(c);
    text.remove_prefix(8);
    const NodeHash root = take_hash(text);
    if (text.size() % 32 != 0 || text.size() / 32 != size) {
        return fail(Code::corrupted, "tree snapshot: {} bytes of leaf hashes for {} entries", text.size(),
                    size);
    }
    MerkleTree tree;
    while (!text.empty()) tree.append(take_hash(text));
    if (tree.root() != root) return fail(Code::corrupted, "tree snapshot: its leaves have another root");
    return tree;
}

}  // namespace euromesh::federation
