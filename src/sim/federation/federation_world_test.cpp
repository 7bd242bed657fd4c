#include "sim/federation/federation_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace euromesh::sim {
namespace {

TEST_CASE("whatever strikes, every job ends once or is reported as not run, and nothing stays held") {
    const auto campaign = simulate_federations(1, 60);
    REQUIRE(campaign);
    CHECK(campaign->seeds == 60);
    CHECK_MESSAGE(campaign->failed.empty(), "seed ", (campaign->failed.empty() ? 0 : campaign->failed[0]),
                  ": ", campaign->first_failure);
    CHECK(campaign->jobs_completed > 100);
    for (const char* fault :
         {"restart", "restart before the log was durable", "disk full", "message lost", "message doubled",
          "message late", "agent down", "site lost", "answer lost", "journal lost"})
        CHECK_MESSAGE(campaign->faults.count(fault) == 1, fault);
}

TEST_CASE("an end that is counted twice is seen") {
    FederationSetup setup;
    setup.count_twice = true;
    const auto outcome = simulate_federation(setup);
    REQUIRE(outcome);
    REQUIRE(!outcome->failures.empty());
    CHECK(std::any_of(outcome->failures.begin(), outcome->failures.end(), [](const std::string& failure) {
        return failure.find("ends twice") != std::string::npos;
    }));
    setup.sites = 0;
    CHECK(!simulate_federation(setup));
}

}  // namespace
}  // namespace euromesh::sim
