#include "federation/batch/harvest_reconciler.hpp"

#include <doctest/doctest.h>

#include "federation/batch/local_batch_for_test.hpp"
#include "federation/batch/slurm_for_test.hpp"
#include "federation/batch/slurm_queue.hpp"

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

TEST_CASE("on a real Slurm a link lives in a gap and gives way to who comes") {
    SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const SlurmFolder folder(*cluster);
    const auto batch = folder.open().value();
    const SlurmCommands commands({.environment = {{"SLURM_CONF", cluster->conf()}}});
    SlurmIdleWindows windows(commands, {.partition = "batch", .preemptible = "spare"});
    const JobStart form{.marker = "run", .executable = "sleep", .arguments = {"600"}, .queue = "spare"};
    HarvestReconciler links(*batch, windows, {.links_most = 1, .longest_ms = 30 * 60'000, .leave_ms = 1000},
                            form, folder.clock);
    const auto step_until = [&](const auto& enough) {
        const Nanoseconds end = folder.clock.monotonic() + std::chrono::seconds(30);
        while (!enough() && folder.clock.monotonic() < end) {
            (void)links.step();
            pause_a_little();
        }
        return enough();
    };
    const auto is_running = [&](const char* partition) {
        return !cluster->ask({"squeue", "-h", "--me", "-t", "RUNNING", "-p", partition}).empty();
    };
    REQUIRE(step_until([&] { return is_running("spare"); }));
    CHECK(links.tally().begun >= 1);
    const auto end =
        cluster->run({"sbatch", "--exclusive", "-t", "5", "-o", "/dev/null", "--wrap", "exec sleep 600"});
    REQUIRE(end.exit_status == 0);
    CHECK(step_until([&] { return links.tally().over >= 1 && is_running("batch"); }));
    CHECK(links.tally().taken + links.tally().told_to_leave >= 1);
}

}  // namespace
}  // namespace euromesh::federation
