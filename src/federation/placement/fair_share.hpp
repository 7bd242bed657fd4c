// Fair share: use that fades, and the order in which owners' work waits.
//
// Why: who used little of what it owns goes first, and old use is forgiven with a half-life, so that nobody
// pays for last year. Decay is integer arithmetic (2^-x from a table of square roots): the same on every
// machine, never increasing with age, and decaying in two steps is within one unit per step of decaying in
// one.
//
// Pure; no thread rule. It does not know prices or budgets: a budget is a limit, a share is an order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "federation/placement/model.hpp"

namespace euromesh::federation {

// What is left of an amount (>= 0) after age_ms; half after each half_life_ms (> 0). Rounded down.
std::int64_t decayed(std::int64_t amount, std::int64_t age_ms, std::int64_t half_life_ms);

// What an owner had used of a site at the moment of its last use there.
struct FadingUse {
    std::string owner{};
    std::string site{};
    std::int64_t mgpuh = 0;
    std::int64_t at_ms = 0;
    bool operator==(const FadingUse&) const = default;
};

// Use by (owner, site), each brought to the moment of its last addition. State is one number a pair, whatever
// the history's length.
class FairShareTable {
  public:
    explicit FairShareTable(std::int64_t half_life_ms) : half_life_ms_(half_life_ms) {}

    // Use that ended at `at_ms`. A moment before the last one of this pair counts as that one.
    void add(const std::string& owner, const std::string& site, std::int64_t mgpuh, std::int64_t at_ms);
    // O(sites) for one owner.
    std::int64_t use_of(const std::string& owner, std::int64_t now_ms) const;
    // For PlacementRound::use, sorted by site and owner; pairs that have faded to nothing are left out.
    std::vector<SiteUse> uses(std::int64_t now_ms) const;
    // Drops what has faded to nothing, so that the table does not grow with those who have gone.
    void forget_faded(std::int64_t now_ms);

    // As it stands, by owner and site; put() takes it back, bad_input for what no table can hold.
    std::vector<FadingUse> entries() const;
    Status put(const FadingUse& entry);

  private:
    struct Entry {
        std::int64_t mgpuh = 0;
        std::int64_t at_ms = 0;
    };
    std::int64_t left_of(const Entry& entry, std::int64_t now_ms) const {
        return decayed(entry.mgpuh, now_ms - entry.at_ms, half_life_ms_);
    }
    std::int64_t half_life_ms_;
    std::map<std::pair<std::string, std::string>, Entry> entries_{};  // (owner, site)
};

// By how many thousandths of a site's whole use the owner used more than its share of it; 0 when less, when
// nothing was used, or when the site has no shares.
std::int64_t share_debt_permille(const PlacementSite& site, const std::string& owner,
                                 const std::vector<SiteUse>& use);

// The place of each workload in the fair-share queue of its class, 0 first, in the order of the list given.
// Its place moves on with (decayed use + what its turn's workloads before this one ask for) / weight, so that
// equal weight and use take turns. Whose turn it is: Workload::turn_of, or its owner. Who is not named in the
// list has weight 1 and no use. What goes_first has its place before all others, the oldest in front.
std::vector<std::size_t> fair_ranks(const std::vector<const Workload*>& workloads,
                                    const std::vector<ShareOwner>& owners);

}  // namespace euromesh::federation
