// Whose turn it is: what a project stands at in the federation, what owners own of a site, and which waiting
// jobs come into the next round.
//
// A project's standing is its faded use plus what its open claims hold, over what it was granted: equal
// grants are equal shares, who used little goes first, and old use is forgotten. Owners are the joint
// undertaking ("ju") and countries; what they own of a site is protected by the placement. Pure; no thread
// rule.
#pragma once

#include <vector>

#include "federation/core/tables.hpp"

namespace euromesh::federation {

// As admitted; without that, equal parts for the joint undertaking (where it hosts) and the countries that
// own the national share. A private site has no shares: it is open to all whom the rules allow.
std::vector<OwnedShare> shares_of(const SiteRecord& site);

// weight: GPU-hours of the allocations that may pay now, at least 1. O(allocations + sites).
ShareOwner standing_of(const Tables& tables, const std::string& project, std::int64_t now_ms);

// Use of a site by its owners' allocations: faded, and held by open claims. Sorted by site and owner.
std::vector<SiteUse> use_of_sites(const Tables& tables, std::int64_t now_ms);

// Numbers of at most `most` waiting jobs, in the order in which they are looked at: by class, in a class what
// was displaced, then projects by their standing, each job asked for counting as used. O(projects that wait +
// most x log), whatever waits behind.
std::vector<std::int64_t> next_jobs(const Tables& tables, std::int64_t now_ms, std::size_t most);

}  // namespace euromesh::federation
