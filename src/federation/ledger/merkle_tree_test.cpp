#include "federation/ledger/merkle_tree.hpp"

#include <doctest/doctest.h>

#include <bit>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

// RFC 9162, 2.1.1, word for word.
NodeHash reference_root(std::span<const NodeHash> hashes) {
    if (hashes.empty()) return empty_root();
    if (hashes.size() == 1) return hashes[0];
    const std::size_t left = std::bit_floor(hashes.size() - 1);
    return node_hash(reference_root(hashes.first(left)), reference_root(hashes.subspan(left)));
}

std::vector<NodeHash> some_leaves(std::size_t count) {
    std::vector<NodeHash> hashes;
    for (std::size_t i = 0; i < count; ++i) hashes.push_back(leaf_hash("entry " + std::to_string(i)));
    return hashes;
}

MerkleTree tree_of(std::span<const NodeHash> hashes) {
    MerkleTree tree;
    for (const NodeHash& one : hashes) tree.append(one);
    return tree;
}

TEST_CASE("every root of a growing tree is that of the definition, then and later") {
    const auto hashes = some_leaves(300);
    MerkleTree tree;
    for (std::size_t size = 0; size < hashes.size(); ++size) {
        CHECK(tree.root() == reference_root(std::span(hashes).first(size)));
        tree.append(hashes[size]);
    }
    for (std::size_t size = 0; size <= hashes.size(); ++size)
        CHECK(tree.root_at(size) == reference_root(std::span(hashes).first(size)));
}

TEST_CASE("every entry is proved in every tree up to 100, and in no other place") {
    const auto hashes = some_leaves(100);
    const MerkleTree tree = tree_of(hashes);
    for (std::uint64_t size = 1; size <= 100; ++size) {
        const NodeHash root = tree.root_at(size);
        for (std::uint64_t index = 0; index < size; ++index) {
            const Proof proof = tree.inclusion_proof(index, size).value();
            REQUIRE(verify_inclusion(hashes[index], index, size, proof, root));
            REQUIRE_FALSE(verify_inclusion(hashes[index], (index + 1) % (size + 1), size, proof, root));
        }
    }
}

TEST_CASE("a large tree keeps old sizes provable") {
    const auto hashes = some_leaves(10000);
    const MerkleTree tree = tree_of(hashes);
    CHECK(tree.root() == reference_root(hashes));
    Random random(7);
    for (int i = 0; i < 200; ++i) {
        const std::uint64_t newer = 1 + random.below(10000);
        const std::uint64_t older = random.below(newer + 1);
        const NodeHash root = tree.root_at(newer);
        CHECK(verify_consistency(older, newer, tree.root_at(older), root,
                                 tree.consistency_proof(older, newer).value()));
        const std::uint64_t index = random.below(newer);
        CHECK(
            verify_inclusion(hashes[index], index, newer, tree.inclusion_proof(index, newer).value(), root));
    }
}

TEST_CASE("what lies outside of the tree is named") {
    const MerkleTree tree = tree_of(some_leaves(5));
    CHECK(tree.inclusion_proof(5, 5).error().code == Code::bad_input);
    CHECK(tree.inclusion_proof(0, 6).error().message.find("has 5 entries") != std::string::npos);
    CHECK(tree.inclusion_proof(0, 0).error().code == Code::bad_input);
    CHECK(tree.consistency_proof(3, 2).error().code == Code::bad_input);
    CHECK(tree.consistency_proof(3, 6).error().code == Code::bad_input);
    CHECK(tree.consistency_proof(0, 5)->empty());
    CHECK(tree.consistency_proof(5, 5)->empty());
}

TEST_CASE("a snapshot gives the same tree, which grows on") {
    for (const std::size_t size : {0, 1, 15, 16, 17, 255, 1000}) {
        const auto hashes = some_leaves(size + 20);
        MerkleTree tree = tree_of(std::span(hashes).first(size));
        auto again = MerkleTree::restore(tree.snapshot());
        REQUIRE(again);
        for (std::size_t i = size; i < hashes.size(); ++i) tree.append(hashes[i]), again->append(hashes[i]);
        CHECK(again->root() == tree.root());
        CHECK(again->inclusion_proof(0, size + 20).value() == tree.inclusion_proof(0, size + 20).value());
    }
}

TEST_CASE("a snapshot with any bit changed, cut or lengthened is refused") {
    const std::string good = tree_of(some_leaves(3)).snapshot();
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        CHECK(MerkleTree::restore(bad).error().code == Code::corrupted);
        CHECK(MerkleTree::restore(good.substr(0, i)).error().code == Code::corrupted);
    }
    CHECK_FALSE(MerkleTree::restore(good + "x").has_value());
    CHECK_FALSE(MerkleTree::restore(good + std::string(32, 'x')).has_value());
}

}  // namespace
}  // namespace euromesh::federation
