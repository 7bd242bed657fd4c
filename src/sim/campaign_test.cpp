#include "sim/campaign.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/embedded_scenarios.hpp"

namespace euromesh::sim {
namespace {

Scenario built_in(const char* name) {
    return read_scenario(embedded_scenario(name)->text, name).value();
}

}  // namespace

TEST_CASE("some hundred seeds of everything that goes wrong: no checker fails, no digest differs") {
    CampaignOptions options;
    options.seeds = 120;
    const auto campaign = run_campaign(built_in("faults"), options);
    REQUIRE(campaign);
    for (const FailedSeed& failed : campaign->failed) {
        FAIL_CHECK("euromesh simulate faults --seed " << failed.seed << ": " << failed.failures.front());
    }
    CHECK(campaign->seeds == 120);
    CHECK(campaign->late > 0);
    CHECK(campaign->dropped > 0);
    CHECK(campaign->pending > 0);
    CHECK(campaign->notes.at("parity") > 0);
    CHECK(campaign->faults.size() == 12);  // every kind has happened
}

TEST_CASE("the result does not depend on the number of threads") {
    CampaignOptions options;
    options.seeds = 12;
    options.first_seed = 500;
    options.threads = 1;
    const auto one = run_campaign(built_in("faults"), options);
    options.threads = 3;
    const auto three = run_campaign(built_in("faults"), options);
    REQUIRE(one);
    CHECK(one->digest == three->digest);
    CHECK(one->simulated_seconds == doctest::Approx(three->simulated_seconds));
    options.first_seed = 501;
    CHECK(run_campaign(built_in("faults"), options)->digest != one->digest);
}

TEST_CASE("a site that offers a counted contribution again is caught within a hundred seeds") {
    Scenario broken = built_in("faults");
    broken.fixed.break_late_twice = true;
    CampaignOptions options;
    options.seeds = 100;
    options.twice = false;
    const auto campaign = run_campaign(broken, options);
    REQUIRE(campaign);
    std::size_t twice = 0;
    for (const FailedSeed& failed : campaign->failed) {
        const auto names_it = [](const std::string& failure) {
            return failure.find("is counted twice") != std::string::npos;
        };
        twice += std::any_of(failed.failures.begin(), failed.failures.end(), names_it) ? 1 : 0;
    }
    CHECK(twice >= 3);
}

}  // namespace euromesh::sim
