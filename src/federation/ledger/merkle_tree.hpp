// The tree that a ledger grows: appends, roots of any size so far, and the proofs.
//
// Why: every head that was ever signed must be provable against every later one, so old sizes stay available.
// Kept are all leaf hashes and, of the levels above, every fourth; what lies between is hashed again when a
// proof needs it (at most 15 hashes a level kept). That is 34.1 bytes an entry: 34 MB a million. Entries
// themselves are not kept. An append hashes about one node on average; a proof takes O(log n).
//
// One writer; const functions may run in several threads while nobody appends. A tree restored from its
// snapshot has the same roots and proofs. It does not sign, and knows nothing of what an entry says.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "federation/ledger/merkle.hpp"

namespace euromesh::federation {

class MerkleTree {
  public:
    void append(const NodeHash& leaf);
    void append_entry(std::string_view entry) { append(leaf_hash(entry)); }

    std::uint64_t size() const { return size_; }
    NodeHash root() const { return range_root(0, size_); }
    // size <= size().
    NodeHash root_at(std::uint64_t size) const;
    // index < size().
    const NodeHash& leaf(std::uint64_t index) const { return levels_[0].at(index); }

    // That entry `index` is in the tree of that size. bad_input: index >= size or size > size().
    Result<Proof> inclusion_proof(std::uint64_t index, std::uint64_t size) const;
    // That the tree of old_size is a beginning of that of new_size. bad_input: not old <= new <= size().
    Result<Proof> consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const;

    // Format, size, root and leaf hashes: 32 bytes an entry. restore() hashes the nodes again (about 0.4 s a
    // million) and compares the root. corrupted: not a snapshot, cut, or with another root.
    std::string snapshot() const;
    static Result<MerkleTree> restore(std::string_view snapshot);

  private:
    // Blocks, so that growth never copies what is there.
    class Level {
      public:
        void push(const NodeHash& hash);
        const NodeHash& at(std::uint64_t index) const { return (*blocks_[index / block])[index % block]; }

      private:
        static constexpr std::size_t block = 4096;
        std::vector<std::unique_ptr<std::array<NodeHash, block>>> blocks_;
        std::uint64_t size_ = 0;
    };

    NodeHash node(unsigned level, std::uint64_t index) const;
    NodeHash range_root(std::uint64_t first, std::uint64_t count) const;
    void add_inclusion(Proof& proof, std::uint64_t index, std::uint64_t first, std::uint64_t count) const;
    void add_consistency(Proof& proof, std::uint64_t old_count, std::uint64_t first, std::uint64_t count,
                         bool is_old_root) const;

    static constexpr unsigned kept_every = 4;
    std::uint64_t size_ = 0;
    std::vector<Level> levels_ = std::vector<Level>(1);
    // Roots of the complete trees that the leaves make, largest first: one for each 1 in size_.
    std::vector<NodeHash> frontier_;
};

}  // namespace euromesh::federation
