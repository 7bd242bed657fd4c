#include "apps/site_leave.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/os/fork_for_test.hpp"
#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::apps {
namespace {

contract::RunSpec spec_with(const std::string& leave, std::int64_t leave_s) {
    contract::RunSpec spec;
    spec.leave = leave;
    spec.leave_s = leave_s;
    return spec;
}

class HandClock final : public Clock {
  public:
    Nanoseconds wall() const override { return now; }
    Nanoseconds monotonic() const override { return now; }
    Nanoseconds now{1};
};

TEST_CASE("after the signal: a quarter of the time for steps, half for the round, or nothing") {
    HandClock clock;
    SiteLeave finish(spec_with("finish", 20), clock), drop(spec_with("drop", 20), clock);
    CHECK(finish.steps_go_on());
    CHECK(drop.steps_go_on());
    CHECK(finish.round_limit() == std::chrono::seconds(10));
    CHECK(finish.help_limit() == std::chrono::seconds(5));
    CHECK(drop.round_limit() == Nanoseconds{0});
    // In a process of its own: the signal is for good.
    const int child = os::fork_to([&] {
        os::watch_for_stop();
        ::raise(SIGTERM);
        int wrong = finish.is_asked() && drop.is_asked() ? 0 : 1;
        wrong += finish.steps_go_on() ? 0 : 2;
        wrong += drop.steps_go_on() ? 4 : 0;
        clock.now += std::chrono::milliseconds(4'999);
        wrong += finish.steps_go_on() ? 0 : 8;
        clock.now += std::chrono::milliseconds(1);
        return wrong + (finish.steps_go_on() ? 16 : 0);
    });
    CHECK(os::wait_for_child(child) == 0);
}

TEST_CASE("the parts of a gap add up to the whole, from the last step to the first") {
    Json left = {{"event", "left"}};
    left.update(leave_parts({1'000, 1'250, 1'300, 1'900}));
    CHECK(left["hand_in_ms"] == 250);
    CHECK(left["leave_ms"] == 50);
    CHECK(left["checkpoint_ms"] == 600);
    CHECK(left["at_ms"] == 1'900);
    const Json gap = gap_of(left, {5'000, 5'700, 5'800, 6'500}).value();
    CHECK(gap["sudden"] == false);
    CHECK(gap["wait_ms"] == 3'100);
    CHECK(gap["start_ms"] == 700);
    CHECK(gap["load_ms"] == 100);
    CHECK(gap["join_ms"] == 700);
    CHECK(gap["total_ms"] == 6'500 - 1'000);
    CHECK_FALSE(gap_of(std::nullopt, {1, 2, 3, 4}).has_value());
    const Json killed =
        gap_of(Json{{"event", "round"}, {"at_ms", 4'000}}, {5'000, 5'700, 5'800, 6'500}).value();
    CHECK(killed["sudden"] == true);
    CHECK(killed["total_ms"] == 2'500);
    // A clock that was set back makes a part nothing, never less.
    CHECK(gap_of(left, {100, 200, 300, 400}).value()["wait_ms"] == 0);
}

TEST_CASE("the newest event that says when is found, also behind half a line") {
    const os::Path file = std::filesystem::temp_directory_path() / fmt::format("em_events_{}", ::getpid());
    std::string text;
    for (int i = 1; i < 30'000; ++i) text += fmt::format("{{\"event\":\"round\",\"at_ms\":{}}}\n", i);
    text += "{\"event\":\"note\"}\n\n{\"event\":\"rou";
    REQUIRE(os::write_file_atomically(file, text));
    CHECK(last_timed_event(file).value()["at_ms"] == 29'999);
    REQUIRE(os::write_file_atomically(file, "{\"event\":\"note\"}\n"));
    CHECK_FALSE(last_timed_event(file).has_value());
    std::filesystem::remove(file);
    CHECK_FALSE(last_timed_event(file).has_value());
}

TEST_CASE("the number of the allocation is a number, or there is none") {
    const os::VariableForTest three("EUROMESH_ALLOCATION", "3");
    CHECK(allocation_number() == 3);
    const os::VariableForTest strange("EUROMESH_ALLOCATION", "-x");
    CHECK(allocation_number() == 0);
}

}  // namespace
}  // namespace euromesh::apps
