#include "sim/federation/federation_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace euromesh::sim {
namespace {

TEST_CASE("whatever strikes, every job ends once or is reported as not run, and nothing stays held") {
    const auto campaign = simulate_federations({}, 60);
    REQUIRE(campaign);
    CHECK(campaign->seeds == 60);
    CHECK_MESSAGE(campaign->failed.empty(), "seed ", (campaign->failed.empty() ? 0 : campaign->failed[0]),
                  ": ", campaign->first_failure);
    CHECK(campaign->jobs_completed > 200);
    CHECK(campaign->displaced > 10);
    for (const char* fault :
         {"restart", "restart before the log was durable", "disk full", "message lost", "message doubled",
          "message late", "agent down", "site lost", "answer lost", "journal lost", "cut of hours",
          "emergency", "rules change", "site drains", "site joins"})
        CHECK_MESSAGE(campaign->faults.count(fault) == 1, fault);
}

// Seeds until one is caught; a defect that no seed shows would be one that the checkers do not see.
std::string caught(Defect defect) {
    FederationSetup setup;
    setup.defect = defect;
    for (setup.seed = 1; setup.seed <= 100; ++setup.seed) {
        const auto outcome = simulate_federation(setup);
        REQUIRE(outcome);
        if (!outcome->failures.empty()) {
            std::string all;
            for (const std::string& failure : outcome->failures) all += failure + "\n";
            return all;
        }
    }
    return "";
}

TEST_CASE("an end that is counted twice is seen") {
    CHECK(caught(Defect::count_twice).find("ends twice") != std::string::npos);
}
TEST_CASE("a hold that is not given back is seen") {
    CHECK(caught(Defect::keep_hold).find("still held") != std::string::npos);
}
TEST_CASE("a job that two sites are told to start is seen") {
    CHECK(caught(Defect::offer_twice).find("are right") != std::string::npos);
}
TEST_CASE("a displaced job that is not repaid is seen") {
    CHECK(caught(Defect::forget_credit).find("not repaid") != std::string::npos);
}

TEST_CASE("what cannot be simulated is said") {
    FederationSetup setup;
    setup.sites = 0;
    CHECK(!simulate_federation(setup));
    setup.sites = 3;
    setup.jobs = 1000;
    CHECK(!simulate_federation(setup));
}

}  // namespace
}  // namespace euromesh::sim
