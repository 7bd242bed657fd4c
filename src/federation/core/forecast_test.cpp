#include "federation/core/forecast.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

AllocationRecord allocation(std::int64_t used) {
    AllocationRecord a;
    a.granted = 1000;
    a.used = used;
    a.left = 1000 - used;
    a.end_ms = 1000;
    return a;
}

TEST_CASE("who uses enough loses nothing, who uses nothing loses what is missing") {
    const ClawBack policy;
    const auto busy = forecast(allocation(100), policy, 100);
    REQUIRE(busy.size() == 2);
    CHECK(busy[0].at_ms == 500);
    CHECK(busy[0].needed == 250);
    CHECK(busy[0].expected == 500);
    CHECK(busy[0].loss == 0);
    const auto idle = forecast(allocation(0), policy, 100);
    CHECK(idle[0].loss == 250);
    CHECK(idle[1].loss == 125);
}

TEST_CASE("the forecast is what then happens, and never more than is left") {
    const ClawBack policy;
    AllocationRecord a = allocation(100);
    CHECK(claw_back_now(a, policy, 1) == 150);
    a.left = 20;
    CHECK(claw_back_now(a, policy, 1) == 20);
    a.held = 500;
    CHECK(claw_back_now(a, policy, 1) == 0);
    a.checkpoints_done = 2;
    CHECK(forecast(a, policy, 999).empty());
}

}  // namespace
}  // namespace euromesh::federation
