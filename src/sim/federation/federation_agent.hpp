// A simulated agent and the batch system of its site.
//
// The journal and the batch system survive a restart of the agent; a lost journal does not. The agent keeps
// the rules that the coordinator counts on: orders older than what was taken in are ignored, a cancel of what
// is not known is noted, what is over stays in the journal until it is to be forgotten. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "federation/core/commands.hpp"

namespace euromesh::sim {

// What really ran, whatever anybody believes: job -> how often its program was started.
struct WorldRecord {
    std::map<std::string, int> started;
    std::map<std::string, int> ended_well;
};

class FederationAgent {
  public:
    FederationAgent(std::string site, std::uint64_t seed) : site_(std::move(site)), random_(seed) {
        open_journal();
    }

    federation::SiteReport report() const;
    void take(const federation::Orders& orders, std::int64_t now_ms, WorldRecord& world);
    // The batch system at work.
    void step(std::int64_t now_ms, WorldRecord& world);
    // The node's disk is gone, and what ran with it.
    void lose_journal();
    const std::string& site() const { return site_; }
    bool idle() const { return entries_.empty(); }
    // Each journal is that of a new process, which introduces itself before it reports.
    int session() const { return journals_; }

  private:
    struct Entry {
        federation::ClaimReport report;
        std::string job;
        std::int64_t starts_ms = 0;
        std::int64_t ends_ms = 0;
        int exit = 0;
    };
    void open_journal();
    void start(const federation::StartOrder& order, std::int64_t now_ms);
    void cancel(const std::string& claim, std::int64_t now_ms);

    std::string site_;
    Random random_;
    std::string journal_;
    std::int64_t orders_seen_ = -1;
    int journals_ = 0;
    std::map<std::string, Entry> entries_;
};

}  // namespace euromesh::sim
