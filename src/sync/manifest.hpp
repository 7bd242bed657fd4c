// The record of one committed outer step: who contributed what, under which weights, and what came out.
//
// Why: a run's outer state must be auditable (design, decision 8). Each line carries the SHA-256 of the line
// before it, so that a file is a chain: nobody can change or leave out a step without changing all later
// lines. All sites of a run write the same lines; the file of a site that joined starts later, with
// `previous` being the chain head that it was given.
//
// A manifest is one line of JSON in canonical form: fixed order of keys, no spaces, doubles printed so that
// they read back exactly. decode() accepts only what encode() writes, byte for byte, and survives any input.
// Plain values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "sync/outer.hpp"

namespace euromesh::sync {

struct Contributor {
    SiteId site;
    std::uint64_t tokens = 0;
    std::uint64_t inner_steps = 0;
    std::uint64_t base =
        0;            // the round from whose outer state it was computed: below `round` when it is late
    double norm = 0;  // as its site told it; L2, before coding
    double weight = 0;
    std::uint64_t bytes = 0;  // encoded contribution, without framing
    std::string digest;       // SHA-256 of the encoded contribution
    bool operator==(const Contributor&) const = default;
};

struct Manifest {
    RunId run;
    std::uint64_t round = 0;
    std::uint64_t attempt = 1;  // of this round; above 1: a member was lost on the way
    std::uint64_t fragment = 0;
    std::uint64_t inner_steps = 0;  // H that the schedule asked for
    std::string codec;
    OuterConfig outer;
    WeightRule weights = WeightRule::tokens;
    std::uint64_t absent = 0;  // members that missed the round; told and counted by each_step only
    std::vector<Contributor> contributors;  // in the order in which they were summed
    std::string state_before;               // state_digest()
    std::string state_after;
    std::uint64_t tokens_total = 0;  // of all committed contributions, this round's included
    std::string previous;            // chain digest of the line before; chain_origin for the first
    bool operator==(const Manifest&) const = default;
};

inline constexpr std::size_t manifest_max_bytes = 1u << 20;

// The `previous` of a run's first line: 64 zeros.
std::string chain_origin();

// Without the newline. The chain digest is the SHA-256 of exactly these bytes, in hexadecimal.
std::string encode(const Manifest& manifest);
Result<Manifest> decode_manifest(std::string_view line);
std::string chain_digest(std::string_view line);

// Where a run is: together with the outer state all that a site needs to go on. Kept in checkpoints.
struct Position {
    std::uint64_t round = 0;  // the next round to be committed
    std::string chain_head = chain_origin();
    std::uint64_t tokens_total = 0;
    bool operator==(const Position&) const = default;
};

struct ChainSummary {
    std::uint64_t lines = 0;
    std::uint64_t first_round = 0;
    std::uint64_t last_round = 0;
    std::string head;         // chain digest of the last line
    std::string final_state;  // its state_after
    std::uint64_t tokens_total = 0;
};

// Recomputes a whole file. corrupted: names the first bad line and what is wrong with it: the chain, a gap in
// the rounds, a state that does not follow, weights that do not follow from the tokens, a site twice, a base
// from which a site has contributed to this fragment before (so that nothing is counted twice). Also when
// `final_state` is given and is not that of the last line.
Result<ChainSummary> check_manifests(std::string_view text, std::string_view final_state = {});

}  // namespace euromesh::sync
