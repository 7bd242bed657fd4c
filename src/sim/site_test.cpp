#include "sim/site.hpp"

#include <doctest/doctest.h>

#include "sim/simulation.hpp"

// A site is nothing without its world, so it is tested in runs: what happens to its life and its disk.
namespace euromesh::sim {
namespace {

Setup setup_of(std::size_t sites) {
    Setup setup;
    for (std::size_t i = 0; i < sites; ++i)
        setup.sites.push_back({.name = fmt::format("site{}", i), .line = {}});
    setup.run.params = 1e6;
    setup.run.rounds = 6;
    return setup;
}

Outcome good(const Setup& setup) {
    const auto outcome = simulate(setup);
    REQUIRE(outcome);
    for (const std::string& failure : outcome->findings.failures) FAIL_CHECK(failure);
    return *outcome;
}

}  // namespace

TEST_CASE("a wall clock that jumps changes nothing but the record that it did") {
    Setup setup = setup_of(3);
    const Outcome calm = good(setup);
    setup.faults.clock_jumps = 5;
    const Outcome jumpy = good(setup);
    REQUIRE(jumpy.faults.at("clock jump") > 0);
    CHECK(jumpy.findings.final_state == calm.findings.final_state);
    CHECK(jumpy.findings.last_commit_s == calm.findings.last_commit_s);
}

TEST_CASE("messages as bytes of their wire form end in the same state") {
    Setup setup = setup_of(3);
    const Outcome plain = good(setup);
    setup.wire = true;
    CHECK(good(setup).findings.final_state == plain.findings.final_state);
}

TEST_CASE("a full disk ends a life; the site comes back from what is on its disk") {
    Setup setup = setup_of(3);
    setup.faults.full_disks = 3;
    setup.seed = 3;
    const Outcome outcome = good(setup);
    REQUIRE(outcome.faults.at("full disk") > 0);
    CHECK(outcome.findings.notes.at("lost") > 0);
    CHECK(outcome.findings.notes.at("state") > 0);
    CHECK(outcome.findings.rounds == 6);
}

TEST_CASE("a site that computes another state takes that of the others") {
    Setup setup = setup_of(3);
    setup.faults.bit_flips = 3;
    setup.seed = 2;
    const Outcome outcome = good(setup);
    CHECK(outcome.findings.notes.at("parity") > 0);
}

}  // namespace euromesh::sim
