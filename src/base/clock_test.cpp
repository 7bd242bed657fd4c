#include "base/clock.hpp"

#include <doctest/doctest.h>

namespace euromesh {
namespace {

TEST_CASE("a manual clock moves only when told") {
    ManualClock clock;
    const Nanoseconds before = clock.monotonic();
    CHECK(clock.monotonic() == before);
    clock.advance(std::chrono::milliseconds(1500));
    CHECK(to_seconds(clock.monotonic() - before) == doctest::Approx(1.5));
}

TEST_CASE("ISO 8601, also in a leap year") {
    CHECK(iso8601_utc(Nanoseconds(0)) == "1970-01-01T00:00:00Z");
    CHECK(iso8601_utc(std::chrono::seconds(1709210096)) == "2024-02-29T12:34:56Z");
}

}  // namespace
}  // namespace euromesh
