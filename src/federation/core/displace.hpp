// Whose place an urgent job takes when a round had none for it.
//
// Asks the gate (placement/preemption.hpp) with what runs, and with what the rules permit: the claim of a job
// that is ending already, that gave way often enough, or whose run gave way this time, is not offered to it.
// One decision at one site: the urgent job gets its claim now, held back from the site until the others are
// over, so that nothing is displaced for a job that then starts elsewhere. Pure; internal to core/.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "federation/core/round.hpp"
#include "federation/placement/preemption.hpp"

namespace euromesh::federation {

inline constexpr std::int64_t most_displacements = 3;  // of one job; then it keeps its place

struct Displaced {
    std::string claim;
    std::string rule;  // that permits it
    std::int64_t lost_mgh = 0;
};

struct Displacement {
    PlannedClaim claim;  // of the urgent job
    std::vector<Displaced> displaced;
    std::string why;
};

class Displacer {
  public:
    // `builder` holds the urgent jobs; both outlive it.
    Displacer(const Tables& tables, const RoundBuilder& builder, std::int64_t now_ms);

    // What this round gives away besides.
    void note(const PlannedClaim& claim) { occupy(room_, claim); }
    // Nothing: it may not ask, it will have room without, or nobody may be displaced for it. What is told is
    // noted: nobody is named twice.
    Result<std::optional<Displacement>> displace_for(const JobRecord& urgent);

  private:
    std::vector<RunningClaim> running_for(const JobRecord& urgent, const Workload& workload);
    void add_site(const JobRecord& urgent, const Workload& workload, const std::string& site,
                  std::vector<RunningClaim>& running);
    bool may_give_way(const ClaimRecord& claim, const JobRecord& job) const;

    const Tables& tables_;
    const RoundBuilder& builder_;
    std::int64_t now_ms_;
    std::int64_t asked_ = 0;
    PlacementRound room_;
    std::set<std::string> gone_;                 // jobs that give way in this round
    std::map<std::string, std::string> permit_;  // claim -> rule, for the job that is asked about
};

}  // namespace euromesh::federation
