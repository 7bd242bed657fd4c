// Many seeds of one scenario, each run twice on all cores.
//
// A seed fails when a checker says so, or when its second run ends in another digest. The result does not
// depend on the number of threads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/scenario.hpp"
#include "sim/simulation.hpp"

namespace euromesh::sim {

struct FailedSeed {
    std::uint64_t seed = 0;
    std::vector<std::string> failures;
};

struct CampaignOptions {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 100;
    unsigned threads = 0;  // 0: all cores
    bool twice = true;
    bool stop_at_failure = false;
};

struct Campaign {
    std::uint64_t seeds = 0;         // that were run
    std::vector<FailedSeed> failed;  // by rising seeds; at most failed_seeds_most, all are counted
    std::uint64_t failed_seeds = 0;
    std::map<std::string, std::uint64_t> faults;
    std::map<std::string, std::uint64_t> notes;
    std::uint64_t handed_in = 0;
    std::uint64_t counted = 0;
    std::uint64_t dropped = 0;
    std::uint64_t pending = 0;
    std::uint64_t contradicted = 0;
    std::uint64_t late = 0;
    std::uint64_t rounds = 0;
    std::uint64_t abandoned_rounds = 0;
    std::uint64_t events = 0;
    double simulated_seconds = 0;
    std::string digest;  // over those of all seeds
};

inline constexpr std::size_t failed_seeds_most = 100;

// bad_input: a seed's setup cannot be run.
Result<Campaign> run_campaign(const Scenario& scenario, const CampaignOptions& options);

}  // namespace euromesh::sim
