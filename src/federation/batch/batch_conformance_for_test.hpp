// What every BatchSystem must do, whatever runs the jobs behind it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/os/descriptor.hpp"
#include "base/os/file.hpp"
#include "federation/batch/batch_system.hpp"

namespace euromesh::federation {

struct BatchUnderTest {
    // A new life of the agent; the one before must be gone. The system has nothing to do at the start of each
    // subcase.
    std::function<Result<std::unique_ptr<BatchSystem>>()> open;
    os::Path scratch;                        // a folder that jobs and tests both see, empty
    std::int64_t slots = 2;                  // jobs of one process that run at once
    std::int64_t shortest_limit_ms = 200;    // a time limit that the system keeps
    std::int64_t shortest_warning_ms = 200;  // after its start it can warn a job of 10 minutes
    std::string prefix = "job";              // of the markers, where the system is older than the test
};

inline std::unique_ptr<BatchSystem> opened(const BatchUnderTest& test) {
    auto system = test.open();
    if (!system) FAIL(system.error().message);
    return std::move(*system);
}

inline JobStart shell_job(const BatchUnderTest& test, const std::string& name, const std::string& script) {
    return {.marker = test.prefix + "-" + name,
            .executable = "/bin/sh",
            .arguments = {"-c", script},
            .environment = {{"SCRATCH", test.scratch.string()}},
            .duration_ms = 600'000};
}

inline BatchJob must_submit(BatchSystem& system, const JobStart& job) {
    const auto submitted = system.submit(job);
    if (!submitted) FAIL(submitted.error().message);
    return *submitted;
}

inline BatchJob state_of(BatchSystem& system, const std::string& marker) {
    const auto jobs = system.list();
    if (!jobs) FAIL(jobs.error().message);
    for (const BatchJob& job : *jobs) {
        if (job.marker == marker) return job;
    }
    FAIL("the job is not in the list");
    return {};
}

// Whatever it waits for comes; how long that takes is the machine's business.
inline void pause_a_little() {
    (void)os::wait_for_descriptor(-1, {}, std::chrono::milliseconds(3));
}

inline BatchJob wait_for_end(BatchSystem& system, const std::string& marker) {
    for (;;) {
        BatchJob job = state_of(system, marker);
        if (job.is_over()) return job;
        pause_a_little();
    }
}

inline void wait_for_file(BatchSystem& system, const os::Path& path) {
    while (!std::filesystem::exists(path)) {
        REQUIRE(system.list().has_value());
        pause_a_little();
    }
}

inline std::string text_of(const os::Path& path) {
    return os::read_file(path, 1u << 20).value_or("");
}

inline std::string output_of(BatchSystem& system, const std::string& marker, JobStream stream) {
    const auto part = system.output(marker, stream, 0, 1u << 20);
    if (!part) FAIL(part.error().message);
    return part->bytes;
}

inline void check_job_life(const BatchUnderTest& test) {
    SUBCASE("a job runs, and all that is known of it is told") {
        const auto system = opened(test);
        const JobStart job = shell_job(test, "one", "echo out; echo err >&2; pwd; exit 3");
        CHECK(must_submit(*system, job).marker == job.marker);
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.state == BatchState::ended);
        CHECK(end.cause == EndCause::exit);
        CHECK(end.exit_status == 3);
        CHECK(end.submitted_ms > 0);
        CHECK(end.started_ms >= end.submitted_ms);
        CHECK(end.ended_ms >= end.started_ms);
        CHECK(end.usage.wall_ms >= 0);
        CHECK(end.usage.gpus == 0);
        CHECK(output_of(*system, job.marker, JobStream::out).starts_with("out\n/"));
        CHECK(output_of(*system, job.marker, JobStream::error) == "err\n");
        const auto part = system->output(job.marker, JobStream::out, 1, 2);
        CHECK(part->bytes == "ut");
        CHECK(part->size > 4);
        CHECK(system->output(job.marker, JobStream::out, 1u << 30, 9)->bytes.empty());
    }
    SUBCASE("arguments and environment arrive as they are; a signal is told") {
        const auto system = opened(test);
        JobStart job = shell_job(test, "two", "printf '%s|' \"$@\" \"$ODD\"; kill -9 $$");
        for (const char* argument : {"zero", "a b", "", "$HOME", "'\"\\", "ä\n"})
            job.arguments.emplace_back(argument);
        job.environment["ODD"] = "x=y;`z`";
        must_submit(*system, job);
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(output_of(*system, job.marker, JobStream::out) == "a b||$HOME|'\"\\|ä\n|x=y;`z`|");
        CHECK(end.cause == EndCause::signal);
        CHECK(end.exit_status == 137);
    }
    SUBCASE("a directory and output files of the job's own") {
        const auto system = opened(test);
        JobStart job = shell_job(test, "three", "pwd; echo err >&2");
        job.directory = test.scratch.string();
        job.stdout_path = (test.scratch / "my out").string();
        job.stderr_path = (test.scratch / "my err").string();
        must_submit(*system, job);
        CHECK(wait_for_end(*system, job.marker).exit_status == 0);
        CHECK(text_of(test.scratch / "my out") == test.scratch.string() + "\n");
        CHECK(output_of(*system, job.marker, JobStream::error) == "err\n");
    }
    SUBCASE("what cannot start is over at once, and says why") {
        const auto system = opened(test);
        JobStart job = shell_job(test, "four", "true");
        job.executable = "/nonexistent/program";
        must_submit(*system, job);
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.state == BatchState::ended);
        CHECK((end.cause == EndCause::not_started || end.exit_status > 0));
        CHECK((!end.message.empty() || !output_of(*system, job.marker, JobStream::error).empty()));
    }
    SUBCASE("the time limit is kept") {
        const auto system = opened(test);
        JobStart job = shell_job(test, "five", "echo on; sleep 10000; echo never");
        job.duration_ms = test.shortest_limit_ms;
        must_submit(*system, job);
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.state == BatchState::ended);
        CHECK(end.cause == EndCause::time_limit);
        CHECK(end.usage.wall_ms >= test.shortest_limit_ms);
        CHECK(output_of(*system, job.marker, JobStream::out) == "on\n");
    }
}

inline void check_order_of_jobs(const BatchUnderTest& test) {
    SUBCASE("a job is warned once before its limit, and may leave by itself") {
        const auto system = opened(test);
        JobStart job = shell_job(test, "warned",
                                 "trap 'echo warned >> $SCRATCH/warned; exit 75' TERM;"
                                 "while :; do sleep 0.01; done");
        job.warn_ms = job.duration_ms - test.shortest_warning_ms;
        must_submit(*system, job);
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.state == BatchState::ended);
        CHECK(end.cause == EndCause::exit);
        CHECK(end.exit_status == exit_go_on);
        CHECK(end.usage.wall_ms < job.duration_ms);
        CHECK(text_of(test.scratch / "warned") == "warned\n");
    }
    SUBCASE("one that is warned and stays runs on") {
        const auto system = opened(test);
        JobStart job = shell_job(
            test, "stays",
            "trap 'touch $SCRATCH/warned' TERM; until [ -e $SCRATCH/go ]; do sleep 0.01; done; exit 0");
        job.warn_ms = job.duration_ms - test.shortest_warning_ms;
        must_submit(*system, job);
        wait_for_file(*system, test.scratch / "warned");
        CHECK(state_of(*system, job.marker).state == BatchState::running);
        REQUIRE(os::write_file_atomically(test.scratch / "go", "").has_value());
        CHECK(wait_for_end(*system, job.marker).exit_status == 0);
    }
    SUBCASE("files lie in the job's directory before it starts, for its user only") {
        const auto system = opened(test);
        JobStart job = shell_job(test, "files", "stat -c %a run.toml; cat run.toml b; ls");
        job.files = {{"run.toml", "a = \"ä\"\n"}, {"b", "no end of line"}};
        must_submit(*system, job);
        CHECK(wait_for_end(*system, job.marker).exit_status == 0);
        CHECK(output_of(*system, job.marker, JobStream::out).starts_with("600\na = \"ä\"\nno end of line"));
        job.marker += "-2";
        job.directory = test.scratch.string();
        must_submit(*system, job);
        wait_for_end(*system, job.marker);
        CHECK(text_of(test.scratch / "b") == "no end of line");
    }
    SUBCASE("a job after another one that succeeds does not start, and can be cancelled") {
        const auto system = opened(test);
        const JobStart first = shell_job(test, "done", "until [ -e $SCRATCH/go ]; do sleep 0.01; done");
        JobStart second = shell_job(test, "spare", "touch $SCRATCH/ran");
        second.after_marker = first.marker;
        for (const JobStart& job : {first, second}) must_submit(*system, job);
        REQUIRE(os::write_file_atomically(test.scratch / "go", "").has_value());
        CHECK(wait_for_end(*system, first.marker).exit_status == 0);
        CHECK(state_of(*system, second.marker).state == BatchState::queued);
        CHECK(system->cancel(second.marker).has_value());
        CHECK(wait_for_end(*system, second.marker).state == BatchState::cancelled);
        CHECK_FALSE(std::filesystem::exists(test.scratch / "ran"));
    }
    SUBCASE("a job after another one starts when that is over and was no success") {
        const auto system = opened(test);
        const JobStart first = shell_job(
            test, "first", "until [ -e $SCRATCH/go ]; do sleep 0.01; done; touch $SCRATCH/over; exit 1");
        JobStart second = shell_job(test, "second", "test -e $SCRATCH/over");
        second.after_marker = first.marker;
        JobStart third = shell_job(test, "third", "true");
        third.after_marker = test.prefix + "-unknown";
        for (const JobStart& job : {first, second, third}) must_submit(*system, job);
        CHECK(wait_for_end(*system, third.marker).exit_status == 0);
        CHECK(state_of(*system, second.marker).state == BatchState::queued);
        REQUIRE(os::write_file_atomically(test.scratch / "go", "").has_value());
        CHECK(wait_for_end(*system, second.marker).exit_status == 0);
    }
}

inline void check_once(const BatchUnderTest& test) {
    SUBCASE("one marker is one job, in this life and the next") {
        auto system = opened(test);
        const JobStart job = shell_job(test, "once", "echo x >> $SCRATCH/runs");
        must_submit(*system, job);
        must_submit(*system, job);
        wait_for_end(*system, job.marker);
        CHECK(must_submit(*system, job).state == BatchState::ended);
        system.reset();
        system = opened(test);
        CHECK(must_submit(*system, job).state == BatchState::ended);
        CHECK(text_of(test.scratch / "runs") == "x\n");
        CHECK(system->list()->size() == 1);
    }
    SUBCASE("jobs go on while no agent lives") {
        auto system = opened(test);
        const JobStart job = shell_job(
            test, "on", "echo $$ > $SCRATCH/began; until [ -e $SCRATCH/go ]; do sleep 0.01; done; exit 5");
        must_submit(*system, job);
        wait_for_file(*system, test.scratch / "began");
        system.reset();
        REQUIRE(os::write_file_atomically(test.scratch / "go", "").has_value());
        system = opened(test);
        CHECK(wait_for_end(*system, job.marker).exit_status == 5);
    }
    SUBCASE("a forgotten job is gone, and its marker is not taken again") {
        auto system = opened(test);
        const JobStart job = shell_job(test, "gone", "until [ -e $SCRATCH/go ]; do sleep 0.01; done");
        must_submit(*system, job);
        CHECK(system->forget(job.marker).error().code == Code::conflict);
        REQUIRE(os::write_file_atomically(test.scratch / "go", "").has_value());
        wait_for_end(*system, job.marker);
        CHECK(system->forget(job.marker).has_value());
        CHECK(system->forget(job.marker).has_value());
        CHECK(system->list()->empty());
        CHECK(system->output(job.marker, JobStream::out, 0, 9).error().code == Code::not_found);
        CHECK(system->submit(job).error().code == Code::conflict);
        system.reset();
        system = opened(test);
        CHECK(system->list()->empty());
        CHECK(system->submit(job).error().code == Code::conflict);
    }
    SUBCASE("what is wrong is refused, and leaves nothing") {
        const auto system = opened(test);
        JobStart job = shell_job(test, "wrong", "true");
        job.duration_ms = 0;
        CHECK(system->submit(job).error().code == Code::bad_input);
        job = shell_job(test, "wrong", "true");
        job.marker = "../x";
        CHECK(system->submit(job).error().code == Code::bad_input);
        CHECK(system->cancel("unknown").error().code == Code::not_found);
        CHECK(system->output("../x", JobStream::out, 0, 9).error().code == Code::not_found);
        CHECK(system->forget("unknown").has_value());
        CHECK(system->list()->empty());
    }
}

inline void check_cancel(const BatchUnderTest& test) {
    SUBCASE("a running job is asked to end") {
        const auto system = opened(test);
        const JobStart job =
            shell_job(test, "asked",
                      "trap 'echo asked > $SCRATCH/asked; exit 0' TERM; touch $SCRATCH/began;"
                      "while :; do sleep 0.01; done");
        must_submit(*system, job);
        wait_for_file(*system, test.scratch / "began");
        CHECK(state_of(*system, job.marker).state == BatchState::running);
        CHECK(system->cancel(job.marker).has_value());
        CHECK(system->cancel(job.marker).has_value());
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.state == BatchState::cancelled);
        CHECK(text_of(test.scratch / "asked") == "asked\n");
        CHECK(system->cancel(job.marker).has_value());
        CHECK(state_of(*system, job.marker).state == BatchState::cancelled);
    }
    SUBCASE("one that does not listen is ended after the grace, with its children") {
        const auto system = opened(test);
        const JobStart job =
            shell_job(test, "deaf",
                      "trap '' TERM; sleep 10000 & echo $! > $SCRATCH/pid; touch $SCRATCH/began; wait; wait");
        must_submit(*system, job);
        wait_for_file(*system, test.scratch / "began");
        CHECK(system->cancel(job.marker).has_value());
        CHECK(wait_for_end(*system, job.marker).state == BatchState::cancelled);
        std::string pid = text_of(test.scratch / "pid");
        pid.pop_back();
        // One that only waits for its parent to look after it runs no more.
        const std::string stat = text_of("/proc/" + pid + "/stat");
        CHECK((stat.empty() || stat.find(") Z ") != std::string::npos));
    }
    SUBCASE("one that waits never starts") {
        const auto system = opened(test);
        for (std::int64_t i = 0; i < test.slots; ++i) {
            must_submit(*system, shell_job(test, "full" + std::to_string(i),
                                           "until [ -e $SCRATCH/go ]; do sleep 0.01; done"));
        }
        const JobStart job = shell_job(test, "waits", "touch $SCRATCH/ran");
        CHECK(must_submit(*system, job).state == BatchState::queued);
        CHECK(state_of(*system, job.marker).state == BatchState::queued);
        CHECK(system->cancel(job.marker).has_value());
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.state == BatchState::cancelled);
        CHECK(end.started_ms == 0);
        REQUIRE(os::write_file_atomically(test.scratch / "go", "").has_value());
        for (std::int64_t i = 0; i < test.slots; ++i)
            wait_for_end(*system, test.prefix + "-full" + std::to_string(i));
        CHECK_FALSE(std::filesystem::exists(test.scratch / "ran"));
    }
}

}  // namespace euromesh::federation
