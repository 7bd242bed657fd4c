#include "sync/exchange/race.hpp"

#include <doctest/doctest.h>

#include "base/os/system_clock.hpp"
#include "sync/exchange/dead_door_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock test_clock;
constexpr Nanoseconds long_enough = std::chrono::seconds(10);

os::Address address(const std::string& host, std::uint16_t port) {
    return os::look_up({host, port}, os::Family::any).value().front();
}

std::uint16_t closed_port() {
    return os::Socket::listen({"127.0.0.1", 0}, {}).value().local_port();
}

}  // namespace

TEST_CASE("families take turns, beginning with the first address") {
    const os::Address a6 = address("::1", 1), b6 = address("::2", 2), c6 = address("::3", 3),
                      a4 = address("127.0.0.1", 4);
    std::vector<std::string> texts;
    for (const os::Address& one : take_turns({a6, b6, c6, a4})) texts.push_back(one.text());
    CHECK(texts == std::vector<std::string>{"[::1]:1", "127.0.0.1:4", "[::2]:2", "[::3]:3"});
    CHECK(take_turns({a4, a6}).front().text() == "127.0.0.1:4");
}

TEST_CASE("a dead IPv6 address first costs at most 250 ms") {
    const DeadDoor dead;
    const os::Socket alive = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    const Nanoseconds begin = test_clock.monotonic();
    const auto won =
        race({dead.address(), address("127.0.0.1", alive.local_port())}, {}, test_clock, long_enough, {});
    const Nanoseconds took = test_clock.monotonic() - begin;
    REQUIRE(won);
    CHECK(won->peer_text() == "127.0.0.1:" + std::to_string(alive.local_port()));
    CHECK(took > std::chrono::milliseconds(100));
    CHECK(took < std::chrono::milliseconds(250));
}

TEST_CASE("an address that refuses costs nothing") {
    const os::Socket alive = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    const Nanoseconds begin = test_clock.monotonic();
    const auto won = race({address("::1", closed_port()), address("127.0.0.1", closed_port()),
                           address("127.0.0.1", alive.local_port())},
                          {}, test_clock, long_enough, {});
    CHECK(won);
    CHECK(test_clock.monotonic() - begin < std::chrono::milliseconds(150));
}

TEST_CASE("nobody there, no answer in time, and a stop are told apart") {
    const auto refused = race({address("127.0.0.1", closed_port())}, {}, test_clock, long_enough, {});
    CHECK(refused.error().code == Code::unavailable);
    CHECK(refused.error().message == "Connection refused");
    const DeadDoor dead;
    const auto late = race({dead.address()}, {}, test_clock, std::chrono::milliseconds(20), {});
    CHECK(late.error().message == "no answer in time");
    std::stop_source stop;
    stop.request_stop();
    CHECK(race({dead.address()}, {}, test_clock, long_enough, stop.get_token()).error().code ==
          Code::cancelled);
    os::SocketOptions options;
    options.interface = "no-such-if0";
    CHECK(race({dead.address()}, options, test_clock, long_enough, {}).error().code == Code::not_found);
}
