#include "sync/grace.hpp"

#include <doctest/doctest.h>

namespace euromesh::sync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

GraceMeter meter_of(std::initializer_list<int> slacks_ms, GraceConfig config = {}) {
    GraceMeter meter(config);
    for (const int slack : slacks_ms) meter.record(milliseconds(slack));
    return meter;
}

TEST_CASE("there is no grace before enough has been measured") {
    CHECK_FALSE(meter_of({1, 2, 3, 4, 5}).grace().has_value());
    CHECK(meter_of({1, 2, 3, 4, 5, 6}).grace().has_value());
}

// Slacks 100 to 700: median 400, distances 300 200 100 0 100 200 300 with median 200; 400 + 4 * 200.
TEST_CASE("grace is the median and k times the median distance from it") {
    CHECK(meter_of({100, 200, 300, 400, 500, 600, 700}).grace() == milliseconds(1200));
    CHECK(meter_of({100, 200, 300, 400, 500, 600, 700}, {.mads = 1}).grace() == milliseconds(600));
}

TEST_CASE("two of five sites that are always late do not lengthen it") {
    GraceMeter meter(GraceConfig{});
    for (int round = 0; round < 20; ++round) {
        for (const int slack : {0, 0, 0, 5000, 9000}) meter.record(milliseconds(slack));
    }
    CHECK(meter.grace() == GraceConfig{}.least);
}

TEST_CASE("it is never shorter than the least, and old slacks are forgotten") {
    GraceMeter meter(GraceConfig{.least = milliseconds(80), .samples = 2, .window = 4});
    for (int i = 0; i < 4; ++i) meter.record(seconds(10));
    CHECK(meter.grace() == seconds(10));
    for (int i = 0; i < 4; ++i) meter.record(-seconds(1));
    CHECK(meter.grace() == milliseconds(80));
}

TEST_CASE("settings outside of their range are named") {
    CHECK(check(GraceConfig{}).has_value());
    CHECK_FALSE(check(GraceConfig{.mads = -1}).has_value());
    CHECK_FALSE(check(GraceConfig{.least = -seconds(1)}).has_value());
    CHECK_FALSE(check(GraceConfig{.samples = 0}).has_value());
    CHECK(check(GraceConfig{.samples = 9, .window = 8}).error().message.find("window of 8") !=
          std::string::npos);
}

}  // namespace
}  // namespace euromesh::sync
