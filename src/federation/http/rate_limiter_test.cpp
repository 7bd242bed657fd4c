#include "federation/http/rate_limiter.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/os/thread.hpp"

namespace euromesh::federation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a client may burst, then goes at its rate") {
    RateLimiter limiter({.per_second = 10, .burst = 3});
    for (int i = 0; i < 3; ++i) CHECK(limiter.take("a", 1, seconds(1)) == Nanoseconds(0));
    const Nanoseconds wait = limiter.take("a", 1, seconds(1));
    CHECK(wait > milliseconds(99));
    CHECK(wait <= milliseconds(100));
    CHECK(limiter.take("b", 1, seconds(1)) == Nanoseconds(0));
    CHECK(limiter.take("a", 1, seconds(1) + milliseconds(50)) > Nanoseconds(0));
    CHECK(limiter.take("a", 1, seconds(1) + milliseconds(101)) == Nanoseconds(0));
}

TEST_CASE("over a long time no more is let through than the rate and one burst") {
    RateLimiter limiter({.per_second = 10, .burst = 5});
    int passed = 0;
    for (int ms = 0; ms < 10000; ++ms) {
        passed += limiter.take("a", 1, milliseconds(ms)) == Nanoseconds(0) ? 1 : 0;
    }
    CHECK(passed >= 100);
    CHECK(passed <= 105);
}

TEST_CASE("dear calls take more, and none is too dear for ever") {
    RateLimiter limiter({.per_second = 1, .burst = 10});
    CHECK(limiter.take("a", 8, seconds(0)) == Nanoseconds(0));
    CHECK(limiter.take("a", 8, seconds(0)) == seconds(6));
    CHECK(limiter.take("b", 1000, seconds(0)) == Nanoseconds(0));
    CHECK(limiter.take("b", 1, seconds(0)) > Nanoseconds(0));
}

TEST_CASE("a clock that goes back gives nothing") {
    RateLimiter limiter({.per_second = 1, .burst = 1});
    CHECK(limiter.take("a", 1, seconds(100)) == Nanoseconds(0));
    CHECK(limiter.take("a", 1, seconds(50)) > Nanoseconds(0));
    CHECK(limiter.take("a", 1, seconds(100)) > Nanoseconds(0));
}

TEST_CASE("no limit means none, and the table has an end") {
    RateLimiter none({});
    for (int i = 0; i < 100; ++i) CHECK(none.take("a", 1, seconds(0)) == Nanoseconds(0));
    RateLimiter limiter({.per_second = 1, .burst = 1, .most_clients = 160});
    for (int i = 0; i < 10000; ++i) limiter.take("client " + std::to_string(i), 1, seconds(i));
    CHECK(limiter.clients() <= 160);
    CHECK(limiter.clients() > 100);
    CHECK(limiter.take("client 9999", 1, seconds(9999)) > Nanoseconds(0));
}

TEST_CASE("threads together get no more than one burst") {
    RateLimiter limiter({.per_second = 0.001, .burst = 100});
    std::vector<int> passed(4);
    {
        std::vector<os::Thread> threads;
        for (std::size_t t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 100; ++i)
                    passed[t] += limiter.take("a", 1, seconds(1)).count() == 0 ? 1 : 0;
            });
        }
    }
    CHECK(passed[0] + passed[1] + passed[2] + passed[3] == 100);
}

}  // namespace
}  // namespace euromesh::federation
