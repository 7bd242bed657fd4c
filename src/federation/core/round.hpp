// A placement round from the tables: what is free where, what the law says of each job at each site, what may
// be spent.
//
// Jobs under the same facts share a law class, so that the rules are asked once for each class and site. A
// partition is offered twice: under its id with its GPUs, and as "<id>:cpu" with one slot for each claim that
// it takes, for jobs that need no GPU. Pure; deterministic. It places nothing: federation/placement does.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "federation/core/law.hpp"
#include "federation/core/tables.hpp"
#include "federation/placement/placement_planner.hpp"

namespace euromesh::federation {

inline constexpr std::string_view cpu_kind = "cpu";
// The id under which a partition is offered to jobs that need no GPU.
std::string cpu_partition(const std::string& partition);
// When an open claim will have ended at the latest, by what is known.
std::int64_t expected_end_ms(const ClaimRecord& claim, std::int64_t now_ms);

// Two sites between which the rules let no pseudo-gradients of a run travel.
struct ForbiddenPair {
    std::string from;
    std::string to;
    std::string rule;  // or that there is no permit
};

class RoundBuilder {
  public:
    RoundBuilder(const Tables& tables, const LawBook& law, std::int64_t now_ms);

    void add(const JobRecord& job);
    // Asked of the rules so far: a caller bounds a round by it.
    std::int64_t asked() const { return asked_; }
    const PlacementRound& round() const { return round_; }
    // The allocation that would pay for a job that was added; nullptr: none.
    const AllocationRecord* payer(const std::string& job) const;
    // For a run over several sites that was added; else empty.
    const std::vector<ForbiddenPair>& forbidden_pairs(const std::string& job) const;
    // Whether the rules let a claim of `job` give way to `urgent`, which was added.
    LawAnswer may_displace(const JobRecord& urgent, const JobRecord& job, const ClaimRecord& claim) const;

  private:
    struct Terms {
        const AllocationRecord* payer = nullptr;
        std::string tier;
    };
    void add_site(const SiteRecord& site);
    void add_partition(PlacementSite& to, const SiteRecord& site, const contract::SitePartition& partition,
                       const std::vector<const ClaimRecord*>& open);
    Terms terms_of(const JobRecord& job) const;
    std::string law_class_of(const JobRecord& job, const Terms& terms);
    LawClass ask_law(const JobRecord& job, const Terms& terms, const std::string& name);
    SiteVerdict ask_site(const JobRecord& job, const Terms& terms, const SiteRecord& site);
    LawAnswer ask_rules(const JobRecord& job, const Terms& terms, const SiteRecord& site,
                        const SiteRecord* peer, RuleAction action);
    MultiSite multi_of(const JobRecord& job, const Terms& terms, const std::string& law_class);
    std::vector<ForbiddenPair> ask_exchanges(const JobRecord& job, const Terms& terms);
    Workload workload_of(const JobRecord& job, const Terms& terms);

    const Tables& tables_;
    const LawBook& law_;
    std::int64_t now_ms_;
    std::int64_t asked_ = 0;
    PlacementRound round_;
    std::set<std::string> kinds_;
    std::set<std::string> law_classes_;
    std::map<std::string, RuleRecord> site_records_;
    std::map<std::string, std::int64_t> open_hold_;  // by site
    std::map<std::string, const AllocationRecord*> payers_;
    std::set<std::string> budgets_;
    std::set<std::string> projects_;
    std::map<std::string, std::vector<ForbiddenPair>> forbidden_;            // by law class
    std::map<std::string, const std::vector<ForbiddenPair>*> forbidden_of_;  // by job
};

}  // namespace euromesh::federation
