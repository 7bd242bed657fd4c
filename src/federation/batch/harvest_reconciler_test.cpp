#include "federation/batch/harvest_reconciler.hpp"

#include <doctest/doctest.h>

#include "federation/batch/local_batch_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a link's marker says how long it was planned for") {
    HarvestMarker marker;
    CHECK(to_marker({"run", 12, 3, 45}) == "run~h12-3-45");
    REQUIRE(parse_harvest_marker("run~h12-3-45", marker));
    CHECK(marker.name == "run");
    CHECK(marker.when_ms == 12);
    CHECK(marker.number == 3);
    CHECK(marker.duration_ms == 45);
    for (const char* wrong :
         {"", "run", "run~1", "run~h", "run~h1-2", "run~h1-2-3x", "run~h-1-2-3", "run~h1--2-3"})
        CHECK_FALSE(parse_harvest_marker(wrong, marker));
}

class ToldWindows final : public IdleWindows {
  public:
    Result<std::vector<IdleWindow>> idle_windows() override {
        if (is_silent) return fail(Code::unavailable, "squeue does not answer");
        return windows;
    }
    std::vector<IdleWindow> windows{};
    bool is_silent = false;
};

std::size_t open_links(BatchSystem& batch) {
    const auto jobs = batch.list().value();
    return static_cast<std::size_t>(
        std::count_if(jobs.begin(), jobs.end(), [](const BatchJob& job) { return !job.is_over(); }));
}

TEST_CASE("links come and go with the gaps, also over lives of who keeps them") {
    LocalBatchFolder folder;
    folder.options.slots = 4;
    const auto batch = folder.open().value();
    ToldWindows windows;
    windows.windows = {{2, gap_has_no_end}};
    const HarvestPolicy policy{.links_most = 3, .leave_ms = 1000};
    const JobStart form{.marker = "run", .executable = "sleep", .arguments = {"600"}};
    HarvestReconciler first(*batch, windows, policy, form, folder.clock);
    REQUIRE(first.step());
    CHECK(first.tally().begun == 2);
    CHECK(open_links(*batch) == 2);

    HarvestReconciler second(*batch, windows, policy, form, folder.clock);
    REQUIRE(second.step());
    CHECK(second.tally().begun == 0);
    windows.is_silent = true;
    CHECK_FALSE(second.step());
    CHECK(open_links(*batch) == 2);
    windows.is_silent = false;
    windows.windows = {{1, gap_has_no_end}};
    while (second.tally().over < 1) {
        REQUIRE(second.step());
        pause_a_little();
    }
    CHECK(second.tally().told_to_leave == 1);
    CHECK(second.tally().taken == 0);
    CHECK(open_links(*batch) == 1);
    while (second.wind_up().value() > 0) pause_a_little();
    CHECK(second.tally().over == 2);
    CHECK(batch->list()->empty());
}

}  // namespace
}  // namespace euromesh::federation
