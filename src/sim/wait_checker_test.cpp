#include "sim/wait_checker.hpp"

#include <doctest/doctest.h>

namespace euromesh::sim {
namespace {

Setup two_sites() {
    Setup setup;
    setup.sites = {{.name = "a", .line = {}}, {.name = "b", .step_seconds = 2, .line = {}}};
    setup.run.params = 1e6;
    return setup;
}

void pass(EventQueue& queue, double until) {
    queue.at(from_seconds(until), [] {});
    queue.step(from_seconds(until + 1));
}

}  // namespace

TEST_CASE("the limit grows with the slowest site and with its straggling") {
    Setup setup = two_sites();
    const double calm = to_seconds(stall_limit(setup));
    CHECK(calm > 3 * 60);
    setup.compute.straggle_chance = 0.1;
    CHECK(to_seconds(stall_limit(setup)) > calm + 3 * 60 * 2);
}

TEST_CASE("a round that comes too late is told, unless a fault has ended since") {
    const Setup setup = two_sites();
    const double limit = to_seconds(stall_limit(setup));
    EventQueue queue;
    WaitChecker waits(setup, queue);
    pass(queue, limit - 1);
    CHECK(waits.committed().empty());
    pass(queue, 2 * limit);
    CHECK(waits.committed().find("without a fault") != std::string::npos);
    waits.disturbed(from_seconds(2.5 * limit));
    pass(queue, 3.4 * limit);
    CHECK(waits.committed().empty());
    CHECK(waits.longest_stall_s() == doctest::Approx(limit + 1));
}

}  // namespace euromesh::sim
