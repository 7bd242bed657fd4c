#include "base/os/system_clock.hpp"

#include <doctest/doctest.h>

namespace euromesh::os {
namespace {

TEST_CASE("the monotonic clock never goes back, and work uses CPU time") {
    const SystemClock clock;
    const Nanoseconds start = clock.monotonic(), cpu = process_cpu_time();
    while (process_cpu_time() - cpu < std::chrono::milliseconds(2)) REQUIRE(clock.monotonic() >= start);
    CHECK(clock.monotonic() > start);
    CHECK(clock.wall() > std::chrono::hours(24) * 365 * 50);
}

}  // namespace
}  // namespace euromesh::os
