#include "planner/memory.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("405B at 64 GB a card: state, host memory and the least number of cards") {
    CHECK(replica_bytes(405e9) == doctest::Approx(7.29e12));
    CHECK(host_bytes(405e9) == doctest::Approx(3.24e12));
    CHECK(needed_accelerators(405e9, 64e9) == 152);
    CHECK(fits(405e9, 152, 64e9));
    CHECK(!fits(405e9, 151, 64e9));
}

TEST_CASE("outer state on the accelerators instead of the hosts") {
    const ReplicaMemory on_card = {.outer_on_host = false};
    CHECK(replica_bytes(1e9, on_card) == doctest::Approx(26e9));
    CHECK(host_bytes(1e9, on_card) == 0);
}

TEST_CASE("a larger model never needs fewer cards, a larger card never more") {
    Random random(11);
    for (int i = 0; i < 2000; ++i) {
        const double parameters = 1e8 + 1e12 * random.uniform(), memory = 16e9 + 300e9 * random.uniform();
        const double needed = needed_accelerators(parameters, memory);
        CHECK(needed >= 1);
        CHECK(fits(parameters, needed, memory));
        CHECK(!fits(parameters, needed - 1, memory));
        CHECK(needed_accelerators(parameters * 1.1, memory) >= needed);
        CHECK(needed_accelerators(parameters, memory * 1.1) <= needed);
    }
}
