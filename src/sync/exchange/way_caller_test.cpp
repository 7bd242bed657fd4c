#include "sync/exchange/way_caller.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "base/os/system_clock.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock test_clock;

// Gives a stream when it is told to, and otherwise waits until it is stopped.
class SlowWay final : public Way {
  public:
    Result<Arrival> connect(std::stop_token stop) override {
        ++calls;
        os::Socket nothing = os::Socket::pair().value().first;
        while (!go) {
            if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
            os::WaitItem item{&nothing, false, false, false, false};
            os::wait_ready({&item, 1}, std::chrono::milliseconds(1));
        }
        return Arrival{os::Socket::pair().value().first, "here"};
    }
    std::string text() const override { return "slow"; }

    std::atomic<bool> go{false};
    std::atomic<int> calls{0};
};

bool is_woken(const os::Waker& waker) {
    os::WaitItem item{&waker.socket(), true, false, false, false};
    os::wait_ready({&item, 1}, std::chrono::seconds(10));
    return item.readable;
}

}  // namespace

TEST_CASE("a call ends with a stream and a wake-up, as often as it is begun") {
    os::Waker waker;
    const auto way = std::make_shared<SlowWay>();
    WayCaller caller(way, waker);
    CHECK(!caller.take());
    for (int round = 1; round <= 3; ++round) {
        way->go = false;
        caller.begin();
        CHECK(caller.is_calling());
        CHECK(!caller.take());
        way->go = true;
        REQUIRE(is_woken(waker));
        waker.clear();
        const auto outcome = caller.take();
        REQUIRE(outcome);
        REQUIRE(*outcome);
        CHECK((*outcome)->address == "here");
        CHECK(!caller.is_calling());
        CHECK(!caller.take());
        CHECK(way->calls == round);
    }
}

TEST_CASE("many callers end promptly, together") {
    os::Waker waker;
    const Nanoseconds begin = test_clock.monotonic();
    {
        std::vector<std::unique_ptr<WayCaller>> callers;
        for (int i = 0; i < 8; ++i) {
            callers.push_back(std::make_unique<WayCaller>(std::make_shared<SlowWay>(), waker));
            callers.back()->begin();
        }
        for (const auto& caller : callers) caller->ask_to_stop();
    }
    CHECK(test_clock.monotonic() - begin < std::chrono::seconds(1));
}
