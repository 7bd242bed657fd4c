#include "federation/batch/queue_walk.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t hour = 3'600'000;

TEST_CASE("a profile tells the first stretch that is wide and long enough") {
    FreeProfile profile(0, 2);
    profile.release(10, 3);
    profile.release(20, 5);
    CHECK(profile.earliest(2, 1000) == 0);
    CHECK(profile.earliest(3, 1000) == 10);
    CHECK(profile.earliest(10, 1) == 20);
    CHECK(profile.earliest(11, 1) == starts_never);
    profile.take(15, 30, 4);
    CHECK(profile.earliest(3, 5) == 10);
    CHECK(profile.earliest(3, 6) == 20);
    CHECK(profile.earliest(7, 1) == 30);
    profile.take(0, starts_never, 2);
    CHECK(profile.earliest(1, 6) == 20);
    CHECK(profile.earliest(8, 1) == 30);
}

TEST_CASE("a job starts when enough others have really ended, not when their limits say") {
    QueuePicture picture{.now_ms = 0, .nodes = 4, .running = {{4, 0, 10 * hour}}, .waiting = {{2, hour}}};
    CHECK(walk_to_start(picture, {{3 * hour}, {hour}}, 0) == 3 * hour);
    CHECK(walk_to_start(picture, limits_of(picture), 0) == 10 * hour);
    picture.waiting[0].nodes = 5;
    CHECK(walk_to_start(picture, limits_of(picture), 0) == starts_never);
}

TEST_CASE("who fits before the one in front goes ahead, and only then") {
    QueuePicture picture{.now_ms = 0,
                         .nodes = 4,
                         .running = {{3, 0, 2 * hour}},
                         .waiting = {{4, hour}, {1, 2 * hour}, {1, 3 * hour}}};
    CHECK(walk_to_start(picture, limits_of(picture), 0) == 2 * hour);
    CHECK(walk_to_start(picture, limits_of(picture), 1) == 0);
    CHECK(walk_to_start(picture, limits_of(picture), 2) == 3 * hour);
    picture.running[0].ends_ms = 0;  // over its limit already: nobody knows how long it takes to go
    CHECK(walk_to_start(picture, {{5 * hour}, {hour, hour, hour}}, 0) == 5 * hour);
}

// Nobody in front is started later by who is behind, if all run to their limits.
TEST_CASE("over random queues, jobs behind change nothing for those in front") {
    Random random(7);
    const auto one_to = [&](std::uint64_t most) { return static_cast<std::int64_t>(1 + random.below(most)); };
    for (int world = 0; world < 200; ++world) {
        CAPTURE(world);
        QueuePicture picture{.now_ms = 0, .nodes = 16};
        for (std::int64_t used = 0; used < 12;) {
            picture.running.push_back({one_to(4), 0, one_to(5) * hour});
            used += picture.running.back().nodes;
        }
        std::vector<std::int64_t> alone;
        for (int i = 0; i < 12; ++i) {
            picture.waiting.push_back({one_to(16), one_to(4) * hour});
            alone.push_back(walk_to_start(picture, limits_of(picture), picture.waiting.size() - 1));
        }
        for (std::size_t i = 0; i < alone.size(); ++i)
            CHECK(walk_to_start(picture, limits_of(picture), i) == alone[i]);
    }
}

}  // namespace
}  // namespace euromesh::federation
