#include "sim/simulation.hpp"

#include <doctest/doctest.h>

namespace euromesh::sim {
namespace {

Setup calm(std::size_t sites) {
    Setup setup;
    for (std::size_t i = 0; i < sites; ++i) {
        setup.sites.push_back({.name = fmt::format("site{}", i), .line = {}});
    }
    return setup;
}

}  // namespace

TEST_CASE("without faults every contribution is counted and all sites end alike") {
    const auto outcome = simulate(calm(3));
    REQUIRE(outcome);
    for (const std::string& failure : outcome->findings.failures) MESSAGE(failure);
    CHECK(outcome->findings.failures.empty());
    CHECK(outcome->findings.rounds == 10);
    CHECK(outcome->findings.handed_in == 30);
    CHECK(outcome->findings.counted == 30);
    CHECK(outcome->findings.abandoned_rounds == 0);
}

TEST_CASE("a seed gives the same run twice, another one another run") {
    Setup setup = calm(4);
    const auto first = simulate(setup);
    const auto second = simulate(setup);
    REQUIRE(first);
    CHECK(first->digest == second->digest);
    setup.seed = 2;
    CHECK(simulate(setup)->digest != first->digest);
}

}  // namespace euromesh::sim
