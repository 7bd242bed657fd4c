// What a site does before it countersigns a head: it makes sure that the ledger only grew.
//
// Why: a coordinator alone could show each site another ledger, or rewrite an old entry. A site that signs
// only heads whose tree contains the last one it signed makes that visible: of two histories it signs at most
// one. Pure: memory and request in, countersignature and new memory out. The caller makes the new memory
// durable BEFORE it gives the countersignature away, else a site that forgets could sign a fork after a
// restart. It does not judge what the entries say, and asks nobody for proofs.
#pragma once

#include "base/json.hpp"
#include "federation/ledger/key_book.hpp"

namespace euromesh::federation {

struct WitnessMemory {
    std::string origin;
    PublicKey coordinator{};
    TreeHead last{};  // the last head signed; size 0 and the empty root before the first
    bool operator==(const WitnessMemory&) const = default;
};

// What a site knows when it joins: the federation's name and the coordinator's key, from a trusted source.
WitnessMemory first_memory(std::string origin, const PublicKey& coordinator);

struct WitnessStep {
    Countersignature countersignature;
    WitnessMemory memory;
};

// `proof`: from memory.last.size to the head's size. refused: another federation, not signed by the
// coordinator, or older than what was signed; conflict: not a continuation of what was signed. A conflict is
// evidence of a fork: keep the head.
Result<WitnessStep> witness(const WitnessMemory& memory, const SignedHead& head,
                            std::span<const NodeHash> proof, std::string_view site, const SigningKey& key,
                            std::int64_t now_ms);

// Follows a rotation of the coordinator's key that the old key signed. refused: it did not, or it is another
// change; a rotation that only the board signed needs first_memory() anew, by a person.
Result<WitnessMemory> follow_rotation(const WitnessMemory& memory, const KeyEvent& event);

std::string encode(const WitnessMemory& memory);
// bad_input: names what is wrong.
Result<WitnessMemory> decode_witness_memory(std::string_view text);

}  // namespace euromesh::federation
