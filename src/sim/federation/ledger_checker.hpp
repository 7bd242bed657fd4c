// Checks a coordinator's log by itself: what the events say, counted again by other code than the
// coordinator's.
//
// It reads only the JSON text of the entries. At every event: numbers without gaps, used + held + left =
// granted and none below zero, a claim ends once and is only charged what was held, a job of one site never
// has two open claims, what takes another's place is offered when that has ended, a run gives way once, and
// only what was displaced is repaid: what it was charged, once. At the end: nothing is held, and all that was
// displaced is repaid. Plain code, no thread rule.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace euromesh::sim {

struct CheckedAllocation {
    std::int64_t granted = 0;
    std::int64_t used = 0;
    std::int64_t held = 0;
    std::int64_t left = 0;
};

class LedgerChecker {
  public:
    void see(std::string_view entry);
    // When all jobs are over.
    void finish();
    // In the order in which they were found; empty: all is well.
    const std::vector<std::string>& failures() const { return failures_; }
    const std::map<std::string, CheckedAllocation>& allocations() const { return allocations_; }
    // How often a job had to give way.
    int displaced(const std::string& job) const;

  private:
    struct Claim {
        std::string job;
        std::string allocation;
        std::int64_t held = 0;
        std::int64_t charged = 0;
        std::set<std::string> after;
        bool offered = false;
        bool over = false;
        bool displaced = false;
        bool cancelled = false;
        bool credited = false;
    };
    struct Job {
        std::int64_t sites = 1;
        std::set<std::string> open;  // claims
        int displaced = 0;
        bool displaced_now = false;  // in this run
    };
    void fail(const std::string& what);
    void grant(const Json& allocation);
    void claw_back(const Json& data);
    void decide(const Json& data);
    void add_claim(const Json& claim, const std::string& job, const std::string& allocation);
    void offer(const std::string& id);
    void displace(const Json& data);
    void credit(const Json& data);
    void end_claim(const std::string& id, std::int64_t charged, bool cancelled);
    void check_sums();

    std::int64_t seq_ = 0;
    std::map<std::string, CheckedAllocation> allocations_;
    std::map<std::string, Claim> claims_;
    std::map<std::string, Job> jobs_;
    std::vector<std::string> failures_;
};

}  // namespace euromesh::sim
