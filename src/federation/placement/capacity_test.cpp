#include "federation/placement/capacity.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

PlacementPartition partition_of(std::vector<CapacityStep> steps, std::vector<TimeWindow> windows = {}) {
    PlacementPartition partition{.id = "gpu", .gpus_total = 100};
    partition.capacity = std::move(steps);
    partition.maintenance = std::move(windows);
    return partition;
}

TEST_CASE("slots begin now, where capacity changes and where maintenance ends") {
    const auto partition = partition_of({{0, 4}, {50, 8}, {200, 2}}, {{120, 150}});
    const CapacitySlots slots = capacity_slots(partition, 10, 9);
    CHECK(slots.from_ms == std::vector<std::int64_t>{10, 50, 150, 200});
    CHECK(slots.gpus == std::vector<std::int64_t>{4, 8, 8, 2});
}

TEST_CASE("beyond the last slot the least counts, and before the first step there is nothing") {
    CHECK(capacity_slots(partition_of({{0, 4}, {50, 8}, {200, 2}}), 10, 2).gpus ==
          std::vector<std::int64_t>{4, 2});
    CHECK(capacity_slots(partition_of({{30, 4}}), 10, 9).gpus == std::vector<std::int64_t>{0, 4});
    CHECK(capacity_slots(partition_of({}), 10, 9).gpus == std::vector<std::int64_t>{0});
}

// [10, 50) and [50, ...): what ends at 50 does not touch what begins there.
TEST_CASE("intervals are half-open") {
    CapacitySlots slots = capacity_slots(partition_of({{0, 4}, {50, 8}}), 10, 9);
    CHECK(slots.end_slot(0, 40) == 1);
    CHECK(slots.end_slot(0, 41) == 2);
    slots.take(0, 40, 3);
    CHECK(slots.gpus == std::vector<std::int64_t>{1, 8});
    slots.take(0, 41, 1);
    CHECK(slots.gpus == std::vector<std::int64_t>{0, 7});
    CHECK_FALSE(slots.fits(0, 1, 1));
    CHECK(slots.fits(1, 1000, 7));
    CHECK_FALSE(slots.fits(1, 1000, 8));
}

TEST_CASE("a claim may end when a window begins and start when it ends") {
    const auto partition = partition_of({{0, 4}}, {{100, 200}});
    CHECK(clear_of_maintenance(partition, 0, 0, 100));
    CHECK_FALSE(clear_of_maintenance(partition, 0, 0, 101));
    CHECK_FALSE(clear_of_maintenance(partition, 0, 1, 100));
    CHECK_FALSE(clear_of_maintenance(partition, 199, 199, 1));
    CHECK(clear_of_maintenance(partition, 200, 300, 1000));
}

TEST_CASE("the start follows from what becomes free, past windows") {
    const auto partition = partition_of({{0, 4}, {50, 8}}, {{100, 200}});
    CHECK(start_from_capacity(partition, 10, 30, 4)->median_ms == 0);
    CHECK(start_from_capacity(partition, 10, 30, 8)->median_ms == 40);
    CHECK(start_from_capacity(partition, 10, 300, 4)->median_ms == 190);
    CHECK_FALSE(start_from_capacity(partition, 10, 30, 9).has_value());
}

}  // namespace
}  // namespace euromesh::federation
