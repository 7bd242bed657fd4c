#include "federation/ledger/merkle.hpp"

#include <doctest/doctest.h>

#include "base/assert.hpp"
#include "federation/ledger/merkle_tree.hpp"

namespace euromesh::federation {
namespace {

// The eight leaves, roots and paths that implementations of RFC 6962 publish and share as a reference.
const std::vector<std::string> leaves = {"",
                                         std::string(1, '\0'),
                                         "\x10",
                                         "\x20\x21",
                                         "\x30\x31",
                                         "\x40\x41\x42\x43",
                                         "\x50\x51\x52\x53\x54\x55\x56\x57",
                                         "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
const std::vector<const char*> roots = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

NodeHash hash(std::string_view hex) {
    NodeHash out;
    EM_ASSERT(from_hex(hex, out), "published hashes are hexadecimal");
    return out;
}

Proof proof_of(std::initializer_list<const char*> hashes) {
    Proof proof;
    for (const char* one : hashes) proof.push_back(hash(one));
    return proof;
}

struct Published {
    std::uint64_t first;
    std::uint64_t second;
    Proof proof;
};

// Entry (from 0) and size.
const std::vector<Published> inclusions = {
    {0, 1, {}},
    {0, 8,
     proof_of({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
               "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
               "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"})},
    {5, 8,
     proof_of({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
               "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})},
    {2, 3, proof_of({"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"})},
    {1, 5,
     proof_of({"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
               "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
               "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"})}};

// Two sizes.
const std::vector<Published> consistencies = {
    {1, 1, {}},
    {1, 8,
     proof_of({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
               "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
               "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"})},
    {6, 8,
     proof_of({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
               "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})},
    {2, 5,
     proof_of({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
               "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"})},
    {6, 7,
     proof_of({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
               "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})}};

MerkleTree published_tree() {
    MerkleTree tree;
    for (const std::string& leaf : leaves) tree.append_entry(leaf);
    return tree;
}

// Whatever is done to a proof that is not empty, it holds no longer.
template <class Holds>
void check_damaged(const Proof& proof, const Holds& holds) {
    if (proof.empty()) return;
    for (std::size_t i = 0; i < proof.size(); ++i) {
        Proof changed = proof;
        changed[i][i % 32] ^= 16;
        CHECK_FALSE(holds(changed));
    }
    Proof longer = proof;
    longer.push_back(proof.back());
    CHECK_FALSE(holds(longer));
    longer = proof;
    longer.insert(longer.begin(), proof[0]);
    CHECK_FALSE(holds(longer));
    CHECK_FALSE(holds(Proof(proof.begin(), proof.end() - 1)));
    CHECK_FALSE(holds(Proof{}));
}

}  // namespace

TEST_CASE("hashes and roots are the published ones") {
    CHECK(to_hex(empty_root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(leaf_hash("")) == roots[0]);
    CHECK(to_hex(leaf_hash("L123456")) == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    const MerkleTree tree = published_tree();
    CHECK(tree.root_at(0) == empty_root());
    for (std::size_t size = 1; size <= leaves.size(); ++size)
        CHECK(to_hex(tree.root_at(size)) == roots[size - 1]);
}

TEST_CASE("published inclusion proofs are built and hold, and nothing near them does") {
    const MerkleTree tree = published_tree();
    for (const auto& [index, size, proof] : inclusions) {
        CHECK(tree.inclusion_proof(index, size).value() == proof);
        const NodeHash leaf = leaf_hash(leaves[index]);
        const NodeHash root = hash(roots[size - 1]);
        CHECK(verify_inclusion(leaf, index, size, proof, root));
        CHECK_FALSE(verify_inclusion(leaf, index + 1, size, proof, root));
        CHECK_FALSE(verify_inclusion(leaf, index ^ 2, size, proof, root));
        CHECK_FALSE(verify_inclusion(leaf, index, size * 2, proof, root));
        CHECK_FALSE(verify_inclusion(leaf, index, size / 2, proof, root));
        CHECK_FALSE(verify_inclusion(leaf, index, size, proof, empty_root()));
        CHECK_FALSE(verify_inclusion(leaf_hash("other"), index, size, proof, root));
        const std::uint64_t at = index, in = size;
        check_damaged(proof, [&](const Proof& p) { return verify_inclusion(leaf, at, in, p, root); });
    }
    CHECK_FALSE(verify_inclusion(empty_root(), 0, 0, {}, empty_root()));
}

TEST_CASE("published consistency proofs are built and hold, and nothing near them does") {
    const MerkleTree tree = published_tree();
    for (const auto& [older, newer, proof] : consistencies) {
        CHECK(tree.consistency_proof(older, newer).value() == proof);
        const NodeHash old_root = hash(roots[older - 1]), new_root = hash(roots[newer - 1]);
        CHECK(verify_consistency(older, newer, old_root, new_root, proof));
        if (proof.empty()) continue;
        CHECK_FALSE(verify_consistency(older - 1, newer, old_root, new_root, proof));
        CHECK_FALSE(verify_consistency(older + 1, newer, old_root, new_root, proof));
        CHECK_FALSE(verify_consistency(older, newer * 2, old_root, new_root, proof));
        CHECK_FALSE(verify_consistency(older, newer / 2, old_root, new_root, proof));
        CHECK_FALSE(verify_consistency(newer, older, new_root, old_root, proof));
        CHECK_FALSE(verify_consistency(older, newer, new_root, old_root, proof));
        const std::uint64_t a = older, b = newer;
        check_damaged(proof, [&](const Proof& p) { return verify_consistency(a, b, old_root, new_root, p); });
    }
}

TEST_CASE("equal sizes need equal roots; the empty tree is a beginning of every tree") {
    const NodeHash one = hash(roots[0]), two = hash(roots[1]);
    CHECK(verify_consistency(2, 2, two, two, {}));
    CHECK_FALSE(verify_consistency(2, 2, one, two, {}));
    CHECK_FALSE(verify_consistency(2, 2, two, two, Proof{one}));
    CHECK(verify_consistency(0, 2, empty_root(), two, {}));
    CHECK_FALSE(verify_consistency(0, 2, one, two, {}));
    CHECK_FALSE(verify_consistency(0, 2, empty_root(), two, Proof{one}));
    CHECK_FALSE(verify_consistency(2, 1, two, one, {}));
}

}  // namespace euromesh::federation
