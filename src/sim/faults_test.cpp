#include "sim/faults.hpp"

#include <doctest/doctest.h>

#include <set>

namespace euromesh::sim {

TEST_CASE("faults come while the rounds go on, no more of a kind than the model says") {
    Setup setup;
    setup.sites = {{.name = "a", .line = {}}, {.name = "b", .line = {}}};
    setup.faults.kills = 3;
    setup.faults.full_disks = 0.5;
    std::set<std::size_t> kills;
    std::size_t disks = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Random random(seed);
        std::size_t count = 0;
        for (const Fault& fault : draw_faults(setup, random)) {
            CHECK(fault.when < from_seconds(150));  // 10 rounds of 30 steps of half a second
            CHECK(fault.length > Nanoseconds{0});
            CHECK(fault.length <= from_seconds(setup.faults.away_s));
            count += fault.kind == FaultKind::kill ? 1 : 0;
            disks += fault.kind == FaultKind::full_disk ? 1 : 0;
        }
        kills.insert(count);
    }
    CHECK(kills == std::set<std::size_t>{0, 1, 2, 3});
    CHECK(disks > 60);
    CHECK(disks < 140);
}

}  // namespace euromesh::sim
