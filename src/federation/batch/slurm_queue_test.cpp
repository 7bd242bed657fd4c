#include "federation/batch/slurm_queue.hpp"

#include <doctest/doctest.h>

#include "base/os/system_clock.hpp"
#include "federation/batch/slurm_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t minute = 60'000, hour = 60 * minute;
const SlurmQueueOptions options{.partition = "batch", .preemptible = "spare"};

const std::int64_t noon = slurm_time_ms("2026-11-22T12:00:00");

// Recorded from Slurm 22.05, with times and names made simple.
constexpr std::string_view recorded =
    "15|batch|PENDING|10|2026-11-22T11:00:00|2026-11-22T14:00:00|2026-11-22T15:00:00|1:00:00|n[1-10]||"
    "Priority|a\n"
    "16|batch|PENDING|2-4|2026-11-22T11:00:00|2026-11-22T13:00:00|2026-11-22T15:00:00|1-00:00:00|n[9-10]||"
    "Resources|b|c\n"
    "17|batch|PENDING|1|2026-11-22T11:00:00|N/A|N/A|UNLIMITED|(null)||JobHeldUser|d\n"
    "12|batch|RUNNING|5|2026-11-22T10:00:00|2026-11-22T11:30:00|2026-11-22T13:30:00|2:00:00|(null)|n[1-5]|"
    "None|e\n"
    "11|batch|COMPLETING|1|2026-11-22T10:00:00|2026-11-22T11:30:00|2026-11-22T11:59:59|2:00:00|(null)|n6|"
    "None|f\n"
    "13|spare|RUNNING|1|2026-11-22T10:00:00|2026-11-22T11:50:00|2026-11-22T12:50:00|1:00:00|(null)|n7|None|"
    "g\n"
    "14|spare|PENDING|1|2026-11-22T10:00:00|2026-11-22T12:10:00|N/A|1:00:00|n8||Priority|h\n"
    "not a line\n|||||||||||\n";
constexpr std::string_view recorded_nodes =
    "batch|allocated|6|n[1-5,7]\nbatch|completing|1|n6\nbatch|idle|3|n[8-10]\nbatch|down*|2|n[11-12]\n"
    "spare|idle|3|n[8-10]\n||x|\n";

SlurmQueue recorded_queue() {
    return {.jobs = parse_slurm_queue(recorded), .nodes = parse_slurm_nodes(recorded_nodes)};
}

TEST_CASE("a partition's picture: who waits in order, who runs until when, on how many nodes") {
    const SlurmQueue queue = recorded_queue();
    REQUIRE(queue.jobs.size() == 7);
    CHECK(queue.jobs[1].name == "b|c");
    const QueuePicture picture = picture_of(queue, options, noon);
    CHECK(picture.nodes == 10);
    CHECK(picture.waiting ==
          std::vector<WaitingJob>{{10, hour, noon + 2 * hour}, {2, 24 * hour, noon + hour}});
    const auto waiting = waiting_jobs(queue, options);
    REQUIRE(waiting.size() == 2);
    CHECK(waiting[0].id == "15");
    CHECK(waiting[1].id == "16");
    CHECK(picture.running == std::vector<RunningJob>{{5, noon - 30 * minute, noon + 90 * minute},
                                                     {1, noon - 30 * minute, noon + 1}});
}

TEST_CASE("idle nodes last until the first job that Slurm has planned on them; harvest is one's own") {
    const SlurmQueue queue = recorded_queue();
    auto windows = windows_of(queue, options, {});
    REQUIRE(windows);
    CHECK(*windows == std::vector<IdleWindow>{{2, noon + hour}, {1, noon + 2 * hour}});
    windows = windows_of(queue, options, {"13"});
    REQUIRE(windows);
    CHECK(*windows == std::vector<IdleWindow>{{2, noon + hour}, {2, noon + 2 * hour}});
    SlurmQueue free = queue;
    std::erase_if(free.jobs, [](const SlurmQueueJob& job) { return job.partition == "batch"; });
    CHECK(*windows_of(free, options, {}) == std::vector<IdleWindow>{{3, gap_has_no_end}});
    free.nodes[2].names = "n[8-";
    CHECK_FALSE(windows_of(free, options, {}));
}

TEST_CASE("durations as Slurm writes them") {
    CHECK(slurm_duration_ms("1-02:03:04") == ((26 * 60 + 3) * 60 + 4) * 1000);
    CHECK(slurm_duration_ms("02:03:04") == ((2 * 60 + 3) * 60 + 4) * 1000);
    CHECK(slurm_duration_ms("3:04") == 184'000);
    CHECK(slurm_duration_ms("5") == 5 * minute);
    CHECK(slurm_duration_ms("2-3") == 51 * hour);
    CHECK(slurm_duration_ms("UNLIMITED") == limit_most_ms);
    CHECK(slurm_duration_ms("999999999-00:00:00") == limit_most_ms);
    for (const char* wrong : {"", "NOT_SET", "1:2:3:4", "-1", "1-", ":", "1:-2", "99999999999"})
        CHECK(slurm_duration_ms(wrong) == 0);
}

TEST_CASE("lists of hosts") {
    using Names = std::vector<std::string>;
    CHECK(*expand_hosts("n[1-3,07],login") == Names{"n1", "n2", "n3", "n07", "login"});
    CHECK(*expand_hosts("r[08-10]-ib,x") == Names{"r08-ib", "r09-ib", "r10-ib", "x"});
    CHECK(expand_hosts("")->empty());
    for (const char* wrong : {"n[", "n]1[", "n[1-", "n[3-1]", "n[a]", "n[1][2]", "n[]", ",a",
                              "n[1-999999999]", "n[0-199999],m", "n[-1]"})
        CHECK_FALSE(expand_hosts(wrong));
    CHECK(expand_hosts("n[0-199998],m")->size() == host_names_most);
}

TEST_CASE("a real partition: a job that runs, one that waits for it, the nodes between") {
    SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const SlurmFolder folder(*cluster);
    const SlurmCommands commands({.environment = {{"SLURM_CONF", cluster->conf()}}});
    const SlurmQueueOptions here{.partition = "batch", .preemptible = "spare"};
    const os::SystemClock clock;
    const auto now = [&] { return clock.wall().count() / 1'000'000; };
    const auto submit = [&](const char* minutes) {
        CHECK(
            cluster
                ->run({"sbatch", "--exclusive", "-t", minutes, "-o", "/dev/null", "--wrap", "exec sleep 600"})
                .exit_status == 0);
    };
    REQUIRE(read_slurm_queue(commands, {"batch", "spare"}));
    CHECK(picture_of(*read_slurm_queue(commands, {"batch", "spare"}), here, now()).nodes == 1);
    submit("5");
    submit("3");
    QueuePicture picture;
    const Nanoseconds end = clock.monotonic() + std::chrono::seconds(20);
    while (
        (picture.running.size() != 1 || picture.waiting.size() != 1 || picture.waiting[0].expected_ms == 0) &&
        clock.monotonic() < end) {
        pause_a_little();
        const auto queue = read_slurm_queue(commands, {"batch", "spare"});
        if (queue) picture = picture_of(*queue, here, now());
    }
    REQUIRE(picture.waiting.size() == 1);
    REQUIRE(picture.running.size() == 1);
    CHECK(picture.nodes == 1);
    CHECK(picture.waiting[0].limit_ms == 3 * minute);
    CHECK(picture.waiting[0].expected_ms >= picture.running[0].ends_ms);
    CHECK(picture.running[0].ends_ms - picture.running[0].started_ms == 5 * minute);
    SlurmIdleWindows windows(commands, here);
    REQUIRE(windows.idle_windows());
    CHECK(windows.idle_windows()->empty());
    const auto refused = read_slurm_queue(commands, {"nowhere"});
    CHECK((refused ? "" : refused.error().message).find("nowhere") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
