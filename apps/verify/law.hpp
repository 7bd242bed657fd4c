// Questions to the rules in force, in the words of what the ledger says: the verifier's own making of them.
//
// docs/rules.md lists subjects and attributes. Of a person the ledger keeps account and groups, and the roles
// that the federation gives; the scopes of a token are not kept. So for what a person asked, only what is
// refused whatever token it was is told as a difference. Pure.
#pragma once

#include "apps/verify/world.hpp"

namespace euromesh::verify {

// On behalf of whom, and who pays.
struct LawCase {
    const Job& job;
    const Json& project;
    std::string tier{};
    std::string share{};
    std::int64_t granted = 0;
    std::int64_t now_ms = 0;
};

struct SiteLaw {
    bool allowed = true;
    std::string_view filter{};  // law, residency, eligibility
    std::string rule{};         // as the decision's table names it
};

// What the law and the site itself say about running this job there. `held_at_site`: when the round began.
SiteLaw law_at(const World& world, const LawCase& asked, const std::string& site, std::int64_t held_at_site);
// The rule by which this claim may not give way to that job; empty: it may.
std::string refusal_of_displacing(const World& world, const Job& urgent, const Claim& claim,
                                  std::int64_t now_ms);
// Both ways.
bool may_exchange(const World& world, const LawCase& asked, const std::string& a, const std::string& b);

// The rule that refuses a submission, whichever of the project's live allocations pays and whatever the token
// says; empty: it may.
std::string refusal_of_submit(const World& world, const Job& job, const Json& project, std::int64_t now_ms);
// The same for apply and review, of an application, by that account.
std::string refusal_of_access(const World& world, const char* action, std::string_view account,
                              const Json& application, std::int64_t now_ms);
std::string refusal_of_admission(const World& world, std::string_view account, const Json& site,
                                 std::int64_t now_ms);

// Ids of a project's allocations that may pay now; the one that ends first in front.
std::vector<const Allocation*> live_allocations(const World& world, std::string_view project,
                                                std::int64_t now_ms);

}  // namespace euromesh::verify
