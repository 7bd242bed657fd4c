#include "apps/verify/hash_tree.hpp"

#include <doctest/doctest.h>

#include "apps/verify/text.hpp"
#include "federation/ledger/merkle_tree.hpp"

namespace euromesh::verify {
namespace {

TEST_CASE("roots are the published ones") {
    // Leaves and roots that implementations of RFC 6962 share as a reference.
    const std::string leaves[] = {"",         std::string(1, '\0'), "\x10",
                                  "\x20\x21", "\x30\x31",           "\x40\x41\x42\x43"};
    const char* const roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                 "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                 "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                 "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"};
    HashTree tree;
    CHECK(hex_of(tree.root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (int i = 0; i < 6; ++i) {
        tree.add(leaf_hash_of(leaves[i]));
        CHECK(hex_of(tree.root()) == roots[i]);
    }
}

// Two programs that share no hashing code come to the same roots.
TEST_CASE("roots are those of the ledger at every size") {
    HashTree ours;
    federation::MerkleTree theirs;
    for (int i = 0; i < 500; ++i) {
        REQUIRE(ours.root() == theirs.root());
        const std::string entry = "entry " + std::to_string(i);
        ours.add(leaf_hash_of(entry));
        theirs.append_entry(entry);
    }
    CHECK(ours.size() == 500);
}

}  // namespace
}  // namespace euromesh::verify
