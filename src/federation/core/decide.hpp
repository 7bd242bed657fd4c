// How each command is decided: one pure function a command, from the tables and the law to a draft of events.
//
// Nothing changes while a command is decided; a draft only collects what shall be appended. Ids are made from
// the number that an event will have, so that they are unique without a counter of their own. Internal to
// core/; no thread rule.
#pragma once

#include "federation/core/commands.hpp"
#include "federation/core/law.hpp"
#include "federation/core/tables.hpp"

namespace euromesh::federation {

class Draft {
  public:
    Draft(const Tables& tables_now, const LawBook& law_now, const Actor& who, std::int64_t now)
        : tables(tables_now), law(law_now), actor(who), now_ms(now) {}

    const Tables& tables;
    const LawBook& law;
    const Actor& actor;
    const std::int64_t now_ms;

    // Of the event that is added next.
    std::string next_id(std::string_view prefix) const;
    void add(EventData data);
    std::vector<Event> take() { return std::move(events_); }
    std::size_t size() const { return events_.size(); }

  private:
    std::vector<Event> events_;
};

using Answer = Result<Json>;

Answer decide_on(Draft& draft, const ChangeRules& ask);
Answer decide_on(Draft& draft, const SetMode& ask);
Answer decide_on(Draft& draft, const ChangeKey& ask);
Answer decide_on(Draft& draft, const AdmitSite& ask);
Answer decide_on(Draft& draft, const DescribeSite& ask);
Answer decide_on(Draft& draft, const SetSiteState& ask);
Answer decide_on(Draft& draft, const SeeAccount& ask);
Answer decide_on(Draft& draft, const SetProject& ask);
Answer decide_on(Draft& draft, const RegisterData& ask);
Answer decide_on(Draft& draft, const Apply& ask);
Answer decide_on(Draft& draft, const Review& ask);
Answer decide_on(Draft& draft, const Grant& ask);
Answer decide_on(Draft& draft, const Submit& ask);
Answer decide_on(Draft& draft, const Cancel& ask);
Answer decide_on(Draft& draft, const Plan& ask);
Answer decide_on(Draft& draft, const SiteReport& ask);
Answer decide_on(Draft& draft, const Settle& ask);
Answer decide_on(Draft& draft, const Expire& ask);

// Gives back what is held for a claim that was never handed out.
void withdraw(Draft& draft, const ClaimRecord& claim, const std::string& words);

// What a federation's first event holds, checked; the digest of its rules is filled in.
Result<FederationRecord> checked_federation(FederationRecord record);

// refused: the actor is neither administrator nor, if named, the site.
Status needs_administrator(const Draft& draft, std::string_view what);
// not_found: there is no such project, or the actor is no member of it: the same words for both.
Result<const ProjectRecord*> project_of(const Draft& draft, const std::string& id);
// Allocations of a project that may pay now, the one that ends first in front.
std::vector<const AllocationRecord*> live_allocations(const Tables& tables, const std::string& project,
                                                      std::int64_t now_ms);

}  // namespace euromesh::federation
