// Checks a coordinator's log by itself: what the events say, counted again by other code than the
// coordinator's.
//
// It reads only the JSON text of the entries. At every event: numbers without gaps, used + held + left =
// granted and none below zero, a claim ends once and is only charged what was held, a job of one site never
// has two open claims, and no job goes on after its end. At the end: nothing is held. Plain code, no thread
// rule.
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

  private:
    struct Claim {
        std::string job;
        std::string site;
        std::string allocation;
        std::int64_t held = 0;
        bool over = false;
    };
    struct Job {
        std::int64_t sites = 1;
        std::set<std::string> open;  // claims
    };
    void fail(const std::string& what);
    void grant(const Json& allocation);
    void claw_back(const Json& data);
    void decide(const Json& data);
    void end_claim(const std::string& id, std::int64_t charged);
    void check_sums();

    std::int64_t seq_ = 0;
    std::map<std::string, CheckedAllocation> allocations_;
    std::map<std::string, Claim> claims_;
    std::map<std::string, Job> jobs_;
    std::vector<std::string> failures_;
};

}  // namespace euromesh::sim
