// Proofs as documents that leave the process: what the API answers, a site checks and a person can keep.
//
//   {"format":"euromesh-inclusion/1","index":6,"size":9,"leaf":HEX,"path":[HEX...],"head":"the signed head"}
//   {"format":"euromesh-consistency/1","old_size":4,"new_size":9,"path":[HEX...]}
//
// An inclusion document is complete: with the entry's bytes and the keys it can be checked without a
// coordinator. Pure. The bytes of the entry are not part of it: whoever may read them has them.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "federation/ledger/key_book.hpp"
#include "federation/ledger/merkle_tree.hpp"

namespace euromesh::federation {

inline constexpr std::size_t proof_document_max_bytes = 128u << 10;

// bad_input: no such entry in the tree of the head's size.
Result<Json> inclusion_document(const MerkleTree& tree, std::uint64_t index, const SignedHead& head);
// That `entry` is where the document says, under a head that the keys and the policy accept. bad_input: not
// such a document; refused: it does not prove that, and why.
Result<TreeHead> check_inclusion(std::string_view document, std::string_view entry, const KeyBook& keys,
                                 const HeadPolicy& policy);

// bad_input: no such sizes.
Result<Json> consistency_document(const MerkleTree& tree, std::uint64_t old_size, std::uint64_t new_size);

struct ConsistencyProof {
    std::uint64_t old_size = 0;
    std::uint64_t new_size = 0;
    Proof path;
};
// bad_input: names what is wrong. Whether it holds is for witness() and verify_consistency().
Result<ConsistencyProof> read_consistency(std::string_view document);

}  // namespace euromesh::federation
