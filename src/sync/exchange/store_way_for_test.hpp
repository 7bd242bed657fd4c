// Two ends of a way, connected at the same time, and bytes pumped through both directions: for tests.
#pragma once

#include <doctest/doctest.h>

#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"
#include "base/random.hpp"
#include "sync/exchange/way.hpp"

namespace euromesh::sync {

inline std::vector<std::byte> random_stream(std::size_t length, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::byte> bytes(length);
    for (std::byte& byte : bytes) byte = std::byte(random.next() & 0xff);
    return bytes;
}

struct Ends {
    os::Socket a, b;
};

inline Ends connect_both(Way& a, Way& b) {
    Ends ends;
    os::Thread other([&] {
        auto arrival = b.connect({});
        CHECK_MESSAGE(arrival, (arrival ? "" : arrival.error().message));
        if (arrival) ends.b = std::move(arrival->socket);
    });
    auto arrival = a.connect({});
    CHECK_MESSAGE(arrival, (arrival ? "" : arrival.error().message));
    if (arrival) ends.a = std::move(arrival->socket);
    other.join();
    REQUIRE(ends.a.is_open());
    REQUIRE(ends.b.is_open());
    return ends;
}

// One direction of a pump.
struct Flow {
    os::Socket* from = nullptr;
    os::Socket* to = nullptr;
    std::span<const std::byte> data{};
    std::size_t sent = 0;
    std::vector<std::byte> got{};
    bool ended = false;

    void step() {
        if (sent < data.size()) {
            const iovec piece{const_cast<std::byte*>(data.data()) + sent, data.size() - sent};
            sent += from->send({&piece, 1}).value_or(0);
        }
        std::byte room[65536];
        const auto part = to->receive(room);
        ended = !part;
        if (part) got.insert(got.end(), room, room + *part);
    }
    bool is_done() const { return got.size() >= data.size() || ended; }
};

// Until all has arrived, an end is closed, or the time is over.
inline void pump(std::span<Flow> flows, Nanoseconds limit = std::chrono::seconds(30)) {
    const os::SystemClock clock;
    const Nanoseconds begun = clock.monotonic();
    const auto done = [&] {
        for (const Flow& flow : flows) {
            if (!flow.is_done()) return false;
        }
        return true;
    };
    while (!done() && clock.monotonic() - begun < limit) {
        std::vector<os::WaitItem> items;
        for (const Flow& flow : flows) {
            items.push_back({flow.to, true});
            if (flow.sent < flow.data.size()) items.push_back({flow.from, false, true});
        }
        os::wait_ready(items, std::chrono::milliseconds(20));
        for (Flow& flow : flows) flow.step();
    }
}

// Both ways at once; what arrives must be what was sent.
inline void check_both_directions(Ends& ends, std::size_t length) {
    const auto forth = random_stream(length, 1), back = random_stream(length / 2, 2);
    Flow flows[] = {{&ends.a, &ends.b, forth}, {&ends.b, &ends.a, back}};
    pump(flows);
    CHECK((flows[0].got == forth));
    CHECK((flows[1].got == back));
}

// Whether it ends within the time.
inline bool ends_soon(os::Socket& socket) {
    std::byte room[4096];
    for (int i = 0; i < 250; ++i) {
        os::WaitItem item{&socket, true};
        os::wait_ready({&item, 1}, std::chrono::milliseconds(20));
        if (item.readable && !socket.receive(room)) return true;
    }
    return false;
}

}  // namespace euromesh::sync
