// Sets of sites for one run over several sites: enough of them together, none of a forbidden pair.
//
// A set has at most one claim per site. Its quorum starts within a window; further sites may join later. The
// search goes through combinations by rising cost and stops after a number of nodes: the sets found are good,
// not provably the best, which is said in docs/models/placement.md. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/placement/model.hpp"

namespace euromesh::federation {

struct SiteCandidate {
    std::uint32_t site = 0;   // number
    std::uint32_t place = 0;  // of the caller
    std::int64_t start_ms = 0;
    std::int64_t score_ms = 0;
};

struct SiteSet {
    std::vector<std::uint32_t> places{};  // of the caller, by rising site number
    std::int64_t score_ms = 0;            // of the members, with what each missing site costs
    bool operator==(const SiteSet&) const = default;
};

struct SiteSetRules {
    int wanted = 1;
    int quorum = 1;
    std::int64_t together_ms = 0;
    std::int64_t missing_ms = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> forbidden{};  // site numbers
    std::size_t most_sets = 64;
    int most_nodes = 4000;  // for each moment at which a quorum might start
};

// By rising score, then by places. Candidates in any order; several per site are allowed.
std::vector<SiteSet> site_sets(const std::vector<SiteCandidate>& candidates, const SiteSetRules& rules);

}  // namespace euromesh::federation
