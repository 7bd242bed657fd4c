#include "federation/batch/slurm_script.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/os/command.hpp"
#include "base/os/file.hpp"

namespace euromesh::federation {
namespace {

// A job's folder, and its script run here, without a scheduler.
struct Folder {
    Folder() {
        static int count = 0;
        path = std::filesystem::temp_directory_path() /
               ("em-script-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + " it's");
        std::filesystem::create_directories(path / "work");
        std::filesystem::create_directories(path / "files");
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }

    int run(const JobStart& job) const {
        for (const auto& [name, text] : job.files)
            REQUIRE(os::write_file_atomically(path / "files" / name, text).has_value());
        const std::string text = slurm_run_script({.job = job, .folder = path, .grace_ms = 100});
        REQUIRE(os::write_file_atomically(path / "run.sh", text).has_value());
        REQUIRE(os::write_file_atomically(path / "submit.sh", slurm_submit_script(path)).has_value());
        const auto end = os::run_command({.arguments = {"/bin/sh", (path / "submit.sh").string()},
                                          .environment = {{"PATH", "/usr/bin:/bin"}, {"SLURM_JOB_ID", "7"}}});
        REQUIRE(end.has_value());
        return end->exit_status;
    }
    std::string text(const std::string& name) const {
        return os::read_file(path / name, 1u << 20).value_or("");
    }
    SlurmEnded ended() const {
        const auto made = decode_slurm_ended(text("ended"));
        if (!made) FAIL(made.error().message);
        return *made;
    }
    os::Path path;
};

JobStart shell(const std::string& script) {
    return {.marker = "m", .executable = "/bin/sh", .arguments = {"-c", script}, .duration_ms = 60'000};
}

TEST_CASE("a word for the shell stands for its text, whatever that is") {
    CHECK(shell_quoted("a'b $x") == R"('a'\''b $x')");
    CHECK(shell_quoted("") == "''");
}

TEST_CASE("the script runs its program and writes down how that went") {
    const Folder folder;
    JobStart job = shell("pwd; cat f; echo \"$X\"; umask; echo err >&2; exit 9");
    job.files = {{"f", "text\n"}};
    job.environment = {{"X", "it's"}};
    CHECK(folder.run(job) == 9);
    CHECK(folder.ended().cause == EndCause::exit);
    CHECK(folder.ended().exit_status == 9);
    CHECK(folder.ended().ended_ms >= folder.ended().started_ms);
    CHECK(folder.text("out").starts_with((folder.path / "work").string() + "\ntext\nit's\n"));
    CHECK(folder.text("out").find("077") == std::string::npos);
    CHECK(folder.text("err") == "err\n");
    CHECK(decode_began(folder.text("began/record"))->job_id == "7");
}

TEST_CASE("one job, one run") {
    const Folder folder;
    CHECK(folder.run(shell("echo x >> ran")) == 0);
    CHECK(folder.run(shell("echo x >> ran")) == 75);
    CHECK(folder.text("work/ran") == "x\n");
}

TEST_CASE("what was cancelled before it started does not start") {
    const Folder folder;
    REQUIRE(os::write_file_atomically(folder.path / "cancel", "").has_value());
    CHECK(folder.run(shell("touch ran")) != 0);
    CHECK(folder.ended().cause == EndCause::cancelled);
    CHECK_FALSE(std::filesystem::exists(folder.path / "work/ran"));
}

TEST_CASE("no such program, no such directory") {
    const Folder folder;
    JobStart job = shell("true");
    job.executable = "no-such-program-anywhere";
    CHECK(folder.run(job) == 127);
    CHECK(folder.ended().cause == EndCause::not_started);
    const Folder other;
    job = shell("true");
    job.directory = "/nonexistent";
    CHECK(other.run(job) == 127);
    CHECK(other.ended().message == "no directory /nonexistent");
}

TEST_CASE("a warning once, then the limit, then the end; all to the millisecond of its own clock") {
    const Folder folder;
    JobStart job = shell("trap 'echo warned' TERM; echo on; while :; do sleep 0.01; done");
    job.duration_ms = 600;
    job.warn_ms = 400;
    CHECK(folder.run(job) == 137);
    CHECK(folder.ended().cause == EndCause::time_limit);
    // Once for the warning, once for the limit.
    CHECK(folder.text("out") == "on\nwarned\nwarned\n");
    CHECK(folder.ended().ended_ms - folder.ended().started_ms >= 600);
    CHECK(folder.ended().cpu_ms >= 0);
}

TEST_CASE("an end by a signal, and by itself after the warning") {
    const Folder folder;
    CHECK(folder.run(shell("kill -9 $$")) == 137);
    CHECK(folder.ended().cause == EndCause::signal);
    const Folder other;
    JobStart job = shell("trap 'exit 75' TERM; while :; do sleep 0.01; done");
    job.warn_ms = job.duration_ms - 100;
    CHECK(other.run(job) == 75);
    CHECK(other.ended().cause == EndCause::exit);
}

TEST_CASE("damaged records are told, and never believed") {
    for (const char* text : {"", "1", "1 2", "x 2\n", "1 -2\n", "1 2 3\n"}) CHECK_FALSE(decode_began(text));
    CHECK(decode_began("12 34\n")->started_ms == 34);
    for (const char* text : {"", "exit 0 1 2 0m0.1s 0m0.1s", "exit 256 1 2 0m0.1s 0m0.1s\n\n",
                             "none 0 1 2 0m0.1s 0m0.1s\n\n", "exit 0 1 0m0.1s 0m0.1s\n\n"})
        CHECK_FALSE(decode_slurm_ended(text));
    const auto made = decode_slurm_ended("time_limit 15 10 20 1m2,5s 0m0.25s\nso\x01 it is\n");
    REQUIRE(made.has_value());
    CHECK(made->cpu_ms == 62'750);
    CHECK(made->message == "so? it is");
}

}  // namespace
}  // namespace euromesh::federation
