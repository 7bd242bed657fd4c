// What the entries of a ledger say about jobs, claims and amounts, counted by code of its own.
//
// It reads the JSON text only. At every entry: numbers without gaps; used + held + left = granted and none
// below zero; a claim is decided once, goes forward, ends once and is charged at most what was held; a job
// has open claims of one decision only. Plain code; no thread rule.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace euromesh::kills {

struct TracedClaim {
    std::string job, site, allocation;
    std::string state = "held";
    std::string words;
    std::int64_t held = 0, charged = 0;
    std::int64_t started_ms = 0, exit = 0;
    bool is_over() const {
        return state == "ended" || state == "cancelled" || state == "refused" || state == "lost";
    }
};

struct TracedJob {
    std::string key;
    std::set<std::string> open{};       // claims
    std::vector<std::string> claims{};  // all, oldest first
    bool is_cancel_asked = false;
};

struct TracedAllocation {
    std::int64_t granted = 0, used = 0, held = 0, left = 0;
};

class Trace {
  public:
    void see(std::string_view entry);
    // When all work is over.
    void finish();

    const std::map<std::string, TracedJob>& jobs() const { return jobs_; }
    const std::map<std::string, TracedClaim>& claims() const { return claims_; }
    const std::map<std::string, TracedAllocation>& allocations() const { return allocations_; }
    std::int64_t entries() const { return entries_; }
    // In the order in which they were found; empty: all is well.
    const std::vector<std::string>& failures() const { return failures_; }

  private:
    void fail(const std::string& what);
    void decide(const Json& data);
    void move_claim(const std::string& state, const Json& data);
    void end_claim(TracedClaim& claim, const std::string& id, std::int64_t charged);
    void check_sums();

    std::int64_t entries_ = 0;
    std::map<std::string, TracedJob> jobs_;
    std::map<std::string, TracedClaim> claims_;
    std::map<std::string, TracedAllocation> allocations_;
    std::vector<std::string> failures_;
};

}  // namespace euromesh::kills
