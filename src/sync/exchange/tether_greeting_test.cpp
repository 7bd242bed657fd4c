#include "sync/exchange/tether_greeting.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

TetherGreeting begun(std::uint64_t mine) {
    TetherGreeting greeting;
    greeting.begin(mine);
    return greeting;
}

}  // namespace

TEST_CASE("two ends that hear each other agree on the pair of sessions") {
    TetherGreeting a = begun(10), b = begun(20);
    CHECK(b.hear(a.hello()) == Heard::tell);
    CHECK(!b.is_agreed());
    CHECK(a.hear(b.hello()) == Heard::tell);
    CHECK(a.is_agreed());
    CHECK(a.hello() == TetherHello{10, 20});
    CHECK(b.hear(a.hello()) == Heard::nothing_new);
    CHECK(b.is_agreed());
    CHECK(b.hear(a.hello()) == Heard::nothing_new);
}

TEST_CASE("a peer that begins anew ends the stream, one that repeats itself does not") {
    TetherGreeting a = begun(10);
    a.hear({20, 0});
    REQUIRE(a.hear({20, 10}) == Heard::nothing_new);
    CHECK(a.hear({20, 0}) == Heard::tell);
    CHECK(a.is_agreed());
    CHECK(a.hear({21, 0}) == Heard::ended);
    CHECK(a.hear({0, 0}) == Heard::nothing_new);
}

TEST_CASE("a greeting of a session that is over is no new one, unless somebody keeps saying it") {
    TetherGreeting a = begun(10);
    a.hear({20, 0});
    a.hear({21, 10});
    REQUIRE(a.is_agreed());
    CHECK(a.hear({20, 0}) == Heard::nothing_new);
    a.begin(11);
    CHECK(a.hear({21, 10}) == Heard::nothing_new);
    CHECK(a.hello() == TetherHello{11, 0});
    CHECK(a.hear({22, 10}) == Heard::tell);
    CHECK(a.hello() == TetherHello{11, 22});
    CHECK(a.hear({20, 5}) == Heard::tell);  // the second time since it was over: it lives
    CHECK(a.hello() == TetherHello{11, 20});
}

TEST_CASE("with old greetings coming back in any order, both ends still agree") {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        Random random(seed);
        TetherGreeting a, b;
        std::vector<TetherHello> to_a, to_b;
        std::uint64_t number = 100;
        for (int restart = 0; restart < 4; ++restart) {
            a.begin(++number);
            if (random.below(2) == 0) b.begin(++number);
            if (b.hello().mine == 0) b.begin(++number);
            for (std::uint64_t i = random.below(4); i > 0; --i) {
                to_b.push_back(a.hello());
                to_a.push_back(b.hello());
            }
        }
        int steps = 0;
        while (!(a.is_agreed() && b.is_agreed() && a.hello().mine == b.hello().theirs) && ++steps < 1000) {
            auto& box = steps % 2 ? to_a : to_b;
            auto& other = steps % 2 ? to_b : to_a;
            auto& self = steps % 2 ? a : b;
            if (box.empty()) {
                other.push_back(self.hello());
                continue;
            }
            const std::size_t which = random.below(box.size());
            const TetherHello heard = box[which];
            if (random.below(3) > 0) box.erase(box.begin() + static_cast<std::ptrdiff_t>(which));
            const Heard what = self.hear(heard);
            if (what == Heard::ended) self.begin(++number);
            if (what != Heard::nothing_new || random.below(4) == 0) other.push_back(self.hello());
        }
        CAPTURE(seed);
        CHECK(steps < 1000);
    }
}
