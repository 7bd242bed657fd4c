#include "sim/event_queue.hpp"

#include <doctest/doctest.h>

#include <string>

namespace euromesh::sim {

TEST_CASE("events happen by time, those of one moment in the order in which they were asked for") {
    EventQueue queue;
    std::string seen;
    queue.at(from_seconds(2), [&] { seen += 'c'; });
    queue.at(from_seconds(1), [&] { seen += 'a'; });
    queue.at(from_seconds(1), [&] {
        seen += 'b';
        queue.at(from_seconds(0.5), [&] { seen += '!'; });  // has passed: now
    });
    queue.at(from_seconds(9), [&] { seen += 'z'; });
    while (queue.step(from_seconds(9))) {
    }
    CHECK(seen == "ab!c");
    CHECK(queue.now() == from_seconds(2));
    CHECK(queue.done() == 4);
}

TEST_CASE("a wall clock jumps, the monotonic one of the same site does not") {
    EventQueue queue;
    SimClock clock(queue);
    queue.at(from_seconds(3), [] {});
    const Nanoseconds wall = clock.wall();
    clock.jump(from_seconds(-3600));
    CHECK(queue.step(from_seconds(10)));
    CHECK(clock.monotonic() == from_seconds(3));
    CHECK(clock.wall() == wall + from_seconds(3 - 3600));
}

}  // namespace euromesh::sim
