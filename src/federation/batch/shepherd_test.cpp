#include "federation/batch/shepherd.hpp"

#include <doctest/doctest.h>

#include "base/os/file_lock.hpp"
#include "base/os/fork_for_test.hpp"
#include "base/os/process.hpp"
#include "federation/batch/local_batch_for_test.hpp"

namespace euromesh::federation {
namespace {

// A journal with one placed job, as an agent leaves it.
struct OneJob {
    explicit OneJob(const std::string& script) {
        for (const std::string_view name : journal_folders)
            std::filesystem::create_directories(folder.options.root / name);
        std::filesystem::create_directories(journal.work("m"));
        StartRecord start{
            .job = shell_job(folder.test(), "", script), .grace_ms = 50, .output_most_bytes = 1000};
        start.job.marker = "m";
        start.job.environment["PATH"] = "/usr/bin:/bin";
        put(journal.start("m"), encode(start));
        put(journal.placed("m"), encode(PlacedRecord{{1, 3}}));
    }
    static void put(const os::Path& path, const std::string& text) {
        REQUIRE(os::write_file_atomically(path, text).has_value());
    }
    // In a process of its own, as it is meant to be.
    void tend() const {
        const int child = os::fork_to([&] { return tend_job(journal, "m", folder.clock) ? 0 : 1; });
        CHECK(os::wait_for_child(child) == 0);
    }
    EndRecord end() const { return decode_end(text_of(journal.ended("m")), "end").value(); }
    os::Path scratch(const char* name) const { return folder.path / "scratch" / name; }

    LocalBatchFolder folder;
    JobJournal journal = folder.journal();
};

TEST_CASE("it runs the job on its devices and writes who ran and how it ended") {
    const OneJob one("echo $CUDA_VISIBLE_DEVICES; exit 4");
    one.tend();
    const EndRecord end = one.end();
    CHECK(end.exit_status == 4);
    CHECK(end.cause == EndCause::exit);
    CHECK(end.usage.gpus == 2);
    CHECK(text_of(one.journal.output("m", JobStream::out)) == "1,3\n");
    const RunningRecord running = decode_running(text_of(one.journal.running("m")), "r").value();
    CHECK(running.started_ms == end.started_ms);
    CHECK(running.process.pid > 1);
}

TEST_CASE("a second shepherd does nothing: not while the first one works, nor after") {
    const OneJob one("echo x >> $SCRATCH/runs");
    {
        const auto held = os::FileLock::take(one.journal.lock("m"));
        REQUIRE(held.has_value());
        one.tend();
        CHECK_FALSE(std::filesystem::exists(one.scratch("runs")));
    }
    one.tend();
    one.tend();
    CHECK(text_of(one.scratch("runs")) == "x\n");
}

TEST_CASE("what has run once never runs again, whatever became of it") {
    const OneJob one("echo x >> $SCRATCH/runs");
    OneJob::put(one.journal.running("m"), encode(RunningRecord{{2, 2, 1, "boot"}, 1}));
    one.tend();
    CHECK_FALSE(std::filesystem::exists(one.scratch("runs")));
    CHECK_FALSE(std::filesystem::exists(one.journal.ended("m")));
}

TEST_CASE("a cancelled, a forgotten and an unknown job do not start") {
    const OneJob one("echo x >> $SCRATCH/runs");
    OneJob::put(one.journal.forgotten("m"), "");
    one.tend();
    CHECK_FALSE(std::filesystem::exists(one.journal.ended("m")));
    std::filesystem::remove(one.journal.forgotten("m"));
    OneJob::put(one.journal.cancel("m"), "");
    one.tend();
    CHECK(one.end().state == BatchState::cancelled);
    std::filesystem::remove(one.journal.ended("m"));
    std::filesystem::remove(one.journal.start("m"));
    one.tend();
    CHECK_FALSE(std::filesystem::exists(one.journal.ended("m")));
    CHECK_FALSE(std::filesystem::exists(one.scratch("runs")));
    CHECK_FALSE(tend_job(one.journal, "../m", one.folder.clock).has_value());
}

TEST_CASE("a guard that is told to stop ends its job, which was taken away and did not fail") {
    const OneJob one("trap 'exit 75' TERM; kill -TERM $PPID; while :; do sleep 0.01; done");
    const int child = os::fork_to([&] {
        os::watch_for_stop();
        return tend_job(one.journal, "m", one.folder.clock) ? 0 : 1;
    });
    CHECK(os::wait_for_child(child) == 0);
    CHECK(one.end().cause == EndCause::interrupted);
    CHECK(one.end().exit_status == exit_go_on);
    CHECK(one.end().message.find("guard") != std::string::npos);
}

TEST_CASE("output over the limit is dropped, and told") {
    const OneJob one("head -c 5000 /dev/zero");
    one.tend();
    CHECK(one.end().exit_status == 0);
    CHECK(one.end().dropped_bytes[0] == 4000);
    CHECK(std::filesystem::file_size(one.journal.output("m", JobStream::out)) == 1000);
}

}  // namespace
}  // namespace euromesh::federation
