#include "sync/exchange/dialogue.hpp"

#include <doctest/doctest.h>

#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock test_clock;
constexpr Nanoseconds long_enough = std::chrono::seconds(10);

struct TwoEnds {
    os::Socket one, other;
    TwoEnds() {
        auto ends = os::Socket::pair().value();
        one = std::move(ends.first);
        other = std::move(ends.second);
    }
    Dialogue dialogue(os::Socket& socket, Nanoseconds limit = long_enough, std::stop_token stop = {}) {
        return {socket, test_clock, limit, std::move(stop), "the hub"};
    }
};

}  // namespace

TEST_CASE("messages and lines arrive whole, and no byte more is taken") {
    TwoEnds ends;
    const std::string large(3'000'000, 'x');
    os::Thread sender([&] {
        Dialogue speaks = ends.dialogue(ends.one);
        CHECK(speaks.send("HTTP/1.1 200\r\n\r\n"));
        CHECK(speaks.send_message(large));
        CHECK(speaks.send_message(""));
        CHECK(speaks.send("rest"));
    });
    Dialogue hears = ends.dialogue(ends.other);
    CHECK(hears.receive_until("\r\n\r\n", 100).value() == "HTTP/1.1 200\r\n\r\n");
    CHECK(hears.receive_message(large.size()).value() == large);
    CHECK(hears.receive_message(0).value().empty());
    std::array<std::byte, 4> rest{};
    CHECK(hears.receive(rest));
    CHECK(rest[3] == std::byte{'t'});
}

TEST_CASE("silence, an end, too much and a stop are told with the name of the other side") {
    TwoEnds ends;
    const auto none = ends.dialogue(ends.one, std::chrono::milliseconds(5)).receive_message(10);
    CHECK(none.error().code == Code::unavailable);
    CHECK(none.error().message == "the hub: no answer in time");

    std::stop_source stop;
    stop.request_stop();
    CHECK(ends.dialogue(ends.one, long_enough, stop.get_token()).receive_message(10).error().code ==
          Code::cancelled);

    CHECK(ends.dialogue(ends.other).send_message("eleven byte"));
    const auto large = ends.dialogue(ends.one).receive_message(10);
    CHECK(large.error().code == Code::corrupted);
    CHECK(large.error().message == "the hub: a message of 11 bytes, at most 10");
    const auto endless = ends.dialogue(ends.one).receive_until("\n", 11);
    CHECK(endless.error().message == "the hub: its answer has no end");

    ends.other = os::Socket();
    const auto over = ends.dialogue(ends.one).receive_message(10);
    CHECK(over.error().code == Code::unavailable);
    CHECK(over.error().message == "the hub: connection closed");
}
