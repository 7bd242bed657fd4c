// A federation in simulated time: the coordinator's core, agents with local batch systems, clients, and a
// network that loses, doubles and delays.
//
// Everything is drawn from the seed: the coordinator restarts and forgets what was not durable, its disk is
// full, agents are down, cut off for hours or lose their journals, sites drain, join and leave for good,
// rules change, people cancel, emergencies are declared and their work takes others' places. The same seed
// ends in the same digest. What happened in the world (which job really ran, how often) is noted apart from
// what the coordinator believes. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace euromesh::sim {

// On purpose, to see that the checkers see it.
enum class Defect {
    none,
    count_twice,    // an end is written to the log twice
    keep_hold,      // a site's refusal is not listened to
    offer_twice,    // a site's orders go to its neighbour, too
    forget_credit,  // displaced work is not repaid
};

struct FederationSetup {
    std::uint64_t seed = 1;
    int sites = 3;
    int jobs = 10;
    Defect defect = Defect::none;
};

struct FederationOutcome {
    std::string digest;  // of the coordinator's tables at the end
    std::vector<std::string> failures;
    std::int64_t events = 0;
    std::int64_t jobs_completed = 0;
    std::int64_t jobs_not_run = 0;  // cancelled or lost, and reported as that
    std::int64_t displaced = 0;     // claims that gave way
    std::map<std::string, std::int64_t> faults;
};

// bad_input: sites or jobs out of 1 to 64.
Result<FederationOutcome> simulate_federation(const FederationSetup& setup);

struct FederationCampaign {
    std::uint64_t seeds = 0;
    std::vector<std::uint64_t> failed;
    std::string first_failure;
    std::map<std::string, std::int64_t> faults;
    std::int64_t events = 0;
    std::int64_t jobs_completed = 0;
    std::int64_t jobs_not_run = 0;
    std::int64_t displaced = 0;
};

// Each seed from setup.seed on twice: another digest the second time is a failure.
Result<FederationCampaign> simulate_federations(const FederationSetup& setup, std::uint64_t seeds);

}  // namespace euromesh::sim
