#include <doctest/doctest.h>

#include "sim/simulation.hpp"

// The trainer's half of a site, by the times and the work that it tells.
namespace euromesh::sim {
namespace {

Setup setup_of(std::size_t sites, double params) {
    Setup setup;
    for (std::size_t i = 0; i < sites; ++i)
        setup.sites.push_back({.name = fmt::format("site{}", i), .line = {}});
    setup.run.params = params;
    setup.run.codec = "fp32";
    setup.run.rounds = 5;
    setup.compute.spread = 0;
    return setup;
}

double exposed(const Setup& setup) {
    const auto outcome = simulate(setup);
    REQUIRE(outcome);
    for (const std::string& failure : outcome->findings.failures) FAIL_CHECK(failure);
    return outcome->sites[0].times.exchange_s / 5;
}

}  // namespace

TEST_CASE("without overlap a site waits for the whole exchange, with it for what tau steps do not hide") {
    Setup setup = setup_of(2, 250e6);  // 2 * 1/2 * 1e9 bytes over 1 Gbit/s: 8 s, and 2 * 20 ms
    CHECK(exposed(setup) == doctest::Approx(8.04).epsilon(0.02));
    setup.run.tau = 10;  // 5 s
    CHECK(exposed(setup) == doctest::Approx(3.04).epsilon(0.05));
    setup.run.tau = 20;
    CHECK(exposed(setup) < 0.1);
}

TEST_CASE("with a grace a site four times slower slows nobody") {
    Setup setup = setup_of(3, 1e6);
    setup.run.rounds = 20;
    setup.run.quorum = 2;
    setup.run.grace = sync::GraceConfig{};
    setup.run.staleness_most = 0;
    setup.sites[2].step_seconds = 2;
    const auto outcome = simulate(setup);
    REQUIRE(outcome);
    for (const std::string& failure : outcome->findings.failures) FAIL_CHECK(failure);
    const double between = (outcome->findings.last_commit_s - outcome->findings.first_commit_s) / 19;
    CHECK(between < 15 + 2.5);  // its own pace would be 60 s
    CHECK(outcome->findings.counted >= 2 * 20);
}

}  // namespace euromesh::sim
