#include "federation/placement/model.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace euromesh::federation {
namespace {

PlacementRound small_round() {
    PlacementRound round;
    PlacementPartition partition{.id = "gpu", .accelerator = "h100", .gpus_total = 8, .longest_ms = 1000};
    partition.capacity = {{.from_ms = 0, .gpus_free = 4}, {.from_ms = 10, .gpus_free = 8}};
    round.sites.push_back({.id = "alpha", .country = "fi", .partitions = {partition}});
    round.workloads.push_back({.id = "w1", .duration_ms = 10});
    return round;
}

std::string complaint(const std::function<void(PlacementRound&)>& spoil) {
    PlacementRound round = small_round();
    spoil(round);
    const Status status = check(round);
    return status ? "" : status.error().message;
}

bool says(const std::string& message, std::string_view part) {
    return message.find(part) != std::string::npos;
}

TEST_CASE("what is wrong with a round is named with its place") {
    CHECK(complaint([](PlacementRound&) {}).empty());
    CHECK(says(complaint([](PlacementRound& r) { r.workloads[0].duration_ms = 0; }),
               "workload 'w1': duration_ms is 0"));
    CHECK(says(complaint([](PlacementRound& r) { r.workloads.push_back(r.workloads[0]); }),
               "'w1' is there twice"));
    CHECK(says(complaint([](PlacementRound& r) { r.sites[0].partitions[0].capacity[1].from_ms = 0; }),
               "site 'alpha', partition 'gpu'"));
    CHECK(says(complaint([](PlacementRound& r) { r.sites[0].partitions[0].capacity[0].gpus_free = 9; }),
               "use 0 to 8"));
    CHECK(says(complaint([](PlacementRound& r) {
                   r.sites[0].shares = {{"ju", 600}, {"fi", 500}};
               }),
               "sum of all shares is 1100"));
    CHECK(says(complaint([](PlacementRound& r) {
                   r.sites[0].shares = {{"ju", 1}, {"ju", 2}};
               }),
               "two shares of 'ju'"));
    CHECK(says(complaint([](PlacementRound& r) { r.workloads[0].multi = {.sites = 2, .quorum = 3}; }),
               "quorum is 3"));
    CHECK(says(complaint([](PlacementRound& r) {
                   r.sites[0].partitions[0].maintenance = {{5, 4}};
               }),
               "end of a maintenance window"));
    CHECK(says(complaint([](PlacementRound& r) { r.policy.start_micro = -1; }), "a weight is -1"));
    CHECK(says(complaint([](PlacementRound& r) { r.budgets = {{.id = "b", .left_mgpuh = -1}}; }),
               "budget 'b'"));
    CHECK(says(complaint([](PlacementRound& r) { r.owners = {{.id = "o", .weight = 0}}; }),
               "owner 'o': weight is 0"));
    CHECK(says(complaint([](PlacementRound& r) { r.sites[0].id = ""; }), "site without an id"));
}

TEST_CASE("classes have names, and only those") {
    for (int i = 0; i < work_classes; ++i) {
        const auto work_class = static_cast<WorkClass>(i);
        CHECK(work_class_from(name_of(work_class)) == work_class);
    }
    CHECK(says(work_class_from("urgent").error().message, "use emergency"));
    CHECK(name_of(Filter::preference) == "preference");
}

}  // namespace
}  // namespace euromesh::federation
