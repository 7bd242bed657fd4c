#include "federation/batch/local_batch.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>

#include "base/os/detached_process.hpp"
#include "base/os/fork_for_test.hpp"
#include "base/random.hpp"
#include "federation/batch/local_batch_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("local jobs: a job's life") {
    const LocalBatchFolder folder;
    check_job_life(folder.test());
}

TEST_CASE("local jobs: warnings, files, one after another") {
    const LocalBatchFolder folder;
    check_order_of_jobs(folder.test());
}

TEST_CASE("local jobs: exactly once") {
    const LocalBatchFolder folder;
    check_once(folder.test());
}

TEST_CASE("local jobs: cancel") {
    const LocalBatchFolder folder;
    check_cancel(folder.test());
}

TEST_CASE("no secret of the agent reaches a job or its shepherd") {
    const LocalBatchFolder folder;
    const os::VariableForTest secret("EM_TEST_SECRET", "hush-hush");
    const auto system = opened(folder.test());
    const JobStart job = shell_job(folder.test(), "env", "env; cat /proc/$PPID/environ; ls -l /proc/self/fd");
    must_submit(*system, job);
    wait_for_end(*system, job.marker);
    const std::string said = output_of(*system, job.marker, JobStream::out);
    CHECK(said.find("hush") == std::string::npos);
    CHECK(said.find("EUROMESH_MARKER=job-env") != std::string::npos);
    CHECK(said.find("PATH=") != std::string::npos);
    CHECK(said.find("agent.lock") == std::string::npos);
    CHECK(said.find("/lock/") == std::string::npos);
}

TEST_CASE("at most so many at once, and in order") {
    LocalBatchFolder folder;
    folder.options.slots = 1;
    const auto system = opened(folder.test());
    for (const char* name : {"c", "a", "b"}) {
        must_submit(*system, shell_job(folder.test(), name,
                                       "mkdir $SCRATCH/busy || touch $SCRATCH/two; echo $EUROMESH_MARKER >>"
                                       " $SCRATCH/order; rmdir $SCRATCH/busy"));
    }
    for (const char* name : {"a", "b", "c"}) wait_for_end(*system, std::string("job-") + name);
    CHECK(text_of(folder.path / "scratch" / "order") == "job-c\njob-a\njob-b\n");
    CHECK_FALSE(std::filesystem::exists(folder.path / "scratch" / "two"));
    const auto jobs = system->list().value();
    CHECK(jobs[0].marker == "job-c");
    CHECK(jobs[2].marker == "job-b");
}

TEST_CASE("devices are given to one job at a time") {
    LocalBatchFolder folder;
    folder.options.slots = 9;
    folder.options.gpus = 3;
    const auto system = opened(folder.test());
    const auto job = [&](const std::string& name, std::int64_t gpus) {
        JobStart made = shell_job(
            folder.test(), name, "echo $CUDA_VISIBLE_DEVICES; until [ -e $SCRATCH/go ]; do sleep 0.01; done");
        made.resources.gpus = gpus;
        return made;
    };
    must_submit(*system, job("one", 1));
    must_submit(*system, job("two", 2));
    must_submit(*system, job("three", 3));
    // No device, but it came after one that waits.
    must_submit(*system, job("four", 0));
    CHECK(system->submit(job("five", 4)).error().code == Code::bad_input);
    CHECK(state_of(*system, "job-four").state == BatchState::queued);
    REQUIRE(os::write_file_atomically(folder.path / "scratch" / "go", "").has_value());
    for (const char* name : {"job-one", "job-two", "job-three", "job-four"}) wait_for_end(*system, name);
    CHECK(output_of(*system, "job-one", JobStream::out) == "0\n");
    CHECK(output_of(*system, "job-two", JobStream::out) == "1,2\n");
    CHECK(output_of(*system, "job-three", JobStream::out) == "0,1,2\n");
    CHECK(output_of(*system, "job-four", JobStream::out) == "\n");
    CHECK(state_of(*system, "job-two").usage.gpus == 2);
}

TEST_CASE("what this system cannot do is refused with the reason") {
    LocalBatchFolder folder;
    const auto system = opened(folder.test());
    JobStart job = shell_job(folder.test(), "x", "true");
    job.resources.nodes = 2;
    CHECK(system->submit(job).error().message.find("one machine") != std::string::npos);
    job = shell_job(folder.test(), "x", "true");
    job.queue = "gpu";
    CHECK(system->submit(job).error().message.find("no queues") != std::string::npos);
    CHECK(folder.open().error().code == Code::conflict);
    folder.options.slots = 0;
    CHECK(folder.open().error().code == Code::bad_input);
    folder.options.slots = 1;
    folder.options.shepherd = "/nonexistent";
    CHECK(folder.open().error().code == Code::not_found);
}

TEST_CASE("a shepherd that is killed loses its job, which is told and ended") {
    const LocalBatchFolder folder;
    const auto system = opened(folder.test());
    const JobStart job = shell_job(
        folder.test(), "lost", "sleep 10000 & echo $PPID $! > $SCRATCH/p; mv $SCRATCH/p $SCRATCH/pids; wait");
    must_submit(*system, job);
    wait_for_file(*system, folder.path / "scratch" / "pids");
    char* rest = nullptr;
    const std::string pids = text_of(folder.path / "scratch" / "pids");
    const int shepherd = static_cast<int>(std::strtol(pids.c_str(), &rest, 10));
    const auto sleeper = os::identify_process(static_cast<int>(std::strtol(rest, nullptr, 10)));
    REQUIRE(sleeper.has_value());
    REQUIRE(::kill(shepherd, SIGKILL) == 0);
    const BatchJob end = wait_for_end(*system, job.marker);
    CHECK(end.state == BatchState::lost);
    CHECK(end.started_ms > 0);
    CHECK(end.message.find("guard") != std::string::npos);
    while (os::is_alive(*sleeper)) pause_a_little();
    CHECK(must_submit(*system, job).state == BatchState::lost);
}

TEST_CASE("a damaged journal is named, and nothing is started from it") {
    const LocalBatchFolder folder;
    { const auto system = opened(folder.test()); }
    REQUIRE(os::write_file_atomically(folder.journal().start("m"), "{").has_value());
    const auto system = folder.open();
    REQUIRE_FALSE(system.has_value());
    CHECK(system.error().code == Code::corrupted);
    CHECK(system.error().message.find("start/m.json") != std::string::npos);
    std::filesystem::remove(folder.journal().start("m"));
}

TEST_CASE("forgotten markers are dropped after their time") {
    LocalBatchFolder folder;
    const JobStart job = shell_job(folder.test(), "old", "true");
    {
        const auto system = opened(folder.test());
        must_submit(*system, job);
        wait_for_end(*system, job.marker);
        REQUIRE(system->forget(job.marker).has_value());
    }
    folder.options.forgotten_days = -1;
    CHECK(opened(folder.test())->submit(job).has_value());
}

constexpr int crash_jobs = 36;

JobStart crash_job(const LocalBatchFolder& folder, int i) {
    return shell_job(folder.test(), std::to_string(i), "echo x >> $SCRATCH/$EUROMESH_MARKER");
}

// A process that the killed agent was about to make may hold the journal's lock until it becomes another
// program.
Result<std::unique_ptr<BatchSystem>> open_after_kill(const LocalBatchFolder& folder) {
    auto system = folder.open();
    while (!system && system.error().code == Code::conflict) {
        pause_a_little();
        system = folder.open();
    }
    return system;
}

// One life of an agent that submits everything, again and again, until it is killed.
int live(const LocalBatchFolder& folder) {
    auto system = open_after_kill(folder);
    if (!system) return 1;
    for (int i = 0;; i = (i + 1) % crash_jobs) {
        if (!(*system)->submit(crash_job(folder, i)) || !(*system)->list()) return 2;
    }
}

TEST_CASE("an agent killed at any moment neither loses nor doubles a job") {
    LocalBatchFolder folder;
    folder.options.slots = 4;
    Random random(2026);
    for (int round = 0; round < 52; ++round) {
        const int child = os::fork_to([&] { return live(folder); });
        (void)os::wait_for_descriptor(-1, {}, std::chrono::microseconds(random.below(12'000)));
        CHECK(os::kill_and_wait(child) == 128 + SIGKILL);
    }
    const auto system = std::move(open_after_kill(folder).value());
    for (int i = 0; i < crash_jobs; ++i) must_submit(*system, crash_job(folder, i));
    for (int i = 0; i < crash_jobs; ++i) {
        const JobStart job = crash_job(folder, i);
        CHECK(wait_for_end(*system, job.marker).exit_status == 0);
        CHECK(text_of(folder.path / "scratch" / job.marker) == "x\n");
    }
    CHECK(system->list()->size() == crash_jobs);
}

TEST_CASE("shepherds killed at any moment: each job ran at most once, and is told as it is") {
    LocalBatchFolder folder;
    folder.options.slots = 4;
    const auto system = opened(folder.test());
    Random random(7);
    int lost = 0;
    for (int i = 0; i < 16; ++i) {
        const JobStart job =
            shell_job(folder.test(), std::to_string(i),
                      "echo $PPID > $SCRATCH/p-$EUROMESH_MARKER; echo x >> $SCRATCH/$EUROMESH_MARKER");
        must_submit(*system, job);
        const os::Path pid_file = folder.path / "scratch" / ("p-" + job.marker);
        for (bool over = false; text_of(pid_file).empty();) {
            REQUIRE_FALSE(over);
            over = state_of(*system, job.marker).is_over();
        }
        (void)os::wait_for_descriptor(-1, {}, std::chrono::microseconds(random.below(3000)));
        ::kill(std::atoi(text_of(pid_file).c_str()), SIGKILL);
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK((end.state == BatchState::lost || end.exit_status == 0));
        lost += end.state == BatchState::lost ? 1 : 0;
        CHECK(text_of(folder.path / "scratch" / job.marker).size() <= 2);
    }
    MESSAGE(lost << " of 16 lost");
}

}  // namespace
}  // namespace euromesh::federation
