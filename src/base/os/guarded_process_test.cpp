#include "base/os/guarded_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace euromesh::os {
namespace {

using std::chrono::minutes;

struct GuardFolder {
    GuardFolder() { std::filesystem::create_directories(path); }
    ~GuardFolder() { std::filesystem::remove_all(path); }
    GuardedStart shell(const std::string& script) const {
        return {.executable = "/bin/sh",
                .arguments = {"-c", script},
                .environment = {{"PATH", "/usr/bin:/bin"}, {"GIVEN", "yes"}},
                .directory = path,
                .output_files = {path / "out", path / "err"}};
    }
    std::string text(const char* name) const { return read_file(path / name, 1u << 20).value_or("(none)"); }
    bool has(const char* name) const { return std::filesystem::exists(path / name); }
    Path path = std::filesystem::temp_directory_path() / ("em-guard-" + std::to_string(::getpid()));
};

GuardedEnd run(const GuardedStart& start) {
    auto process = GuardedProcess::start(start);
    REQUIRE(process.has_value());
    REQUIRE(process->release().has_value());
    REQUIRE(process->attend(minutes(5)));
    return process->finish();
}

TEST_CASE("it runs in its directory and environment, and its output is kept") {
    const GuardFolder folder;
    ::setenv("EM_TEST_SECRET", "hush", 1);
    const GuardedEnd end = run(folder.shell("pwd; env; echo wrong >&2; cat; exit 3"));
    ::unsetenv("EM_TEST_SECRET");
    CHECK(end.exit_status == 3);
    CHECK_FALSE(end.by_signal);
    CHECK(folder.text("out").starts_with(folder.path.string() + "\n"));
    CHECK(folder.text("out").find("GIVEN=yes") != std::string::npos);
    CHECK(folder.text("out").find("hush") == std::string::npos);
    CHECK(folder.text("err") == "wrong\n");
}

TEST_CASE("nothing of it runs before the gate is opened, nor ever if it is not") {
    const GuardFolder folder;
    {
        auto process = GuardedProcess::start(folder.shell("touch ran"));
        REQUIRE(process.has_value());
        CHECK(is_alive(process->identity().value()));
        CHECK_FALSE(process->attend(std::chrono::milliseconds(5)));
    }
    CHECK_FALSE(folder.has("ran"));
    (void)run(folder.shell("touch ran"));
    CHECK(folder.has("ran"));
}

TEST_CASE("output over the limit is dropped and counted, and the job goes on") {
    const GuardFolder folder;
    GuardedStart start = folder.shell("head -c 300000 /dev/zero; echo more >&2; touch ran");
    start.output_most_bytes = 1000;
    const GuardedEnd end = run(start);
    CHECK(end.exit_status == 0);
    CHECK(folder.text("out").size() == 1000);
    CHECK(end.dropped_bytes[0] == 299'000);
    CHECK(end.dropped_bytes[1] == 0);
    CHECK(folder.has("ran"));
}

TEST_CASE("what it leaves behind is ended with it, also when detached; its time is counted") {
    const GuardFolder folder;
    const GuardedEnd end =
        run(folder.shell("(setsid sh -c 'echo $$ > far; exec sleep 1000' &) ; sleep 1000 & echo $! > near;"
                         "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; until [ -s far ]; do :; done"));
    CHECK(end.exit_status == 0);
    CHECK(end.cpu_ms > 0);
    for (const char* name : {"far", "near"}) {
        const int pid = std::atoi(folder.text(name).c_str());
        CAPTURE(name);
        REQUIRE(pid > 1);
        CHECK(::kill(pid, 0) != 0);
    }
}

TEST_CASE("signals reach the whole group") {
    const GuardFolder folder;
    auto process = GuardedProcess::start(folder.shell("trap 'exit 9' TERM; touch ready; sleep 1000 & wait"));
    REQUIRE(process.has_value());
    REQUIRE(process->release().has_value());
    while (!folder.has("ready")) CHECK_FALSE(process->attend(std::chrono::milliseconds(1)));
    process->send_signal(SIGTERM);
    REQUIRE(process->attend(minutes(5)));
    CHECK(process->finish().exit_status == 9);
    auto killed = GuardedProcess::start(folder.shell("sleep 1000"));
    REQUIRE(killed->release().has_value());
    const GuardedEnd end = killed->finish();
    CHECK(end.by_signal);
    CHECK(end.exit_status == 128 + SIGKILL);
}

TEST_CASE("what cannot start says why") {
    const GuardFolder folder;
    GuardedStart start = folder.shell("true");
    start.executable = "no-such-program";
    CHECK(GuardedProcess::start(start).error().code == Code::not_found);
    start.executable = "true";
    CHECK(run(start).exit_status == 0);
    start.executable = "./missing";
    auto missing = GuardedProcess::start(start);
    REQUIRE(missing.has_value());
    CHECK(missing->release().error().code == Code::not_found);
    CHECK(missing->attend(minutes(5)));
    std::ofstream(folder.path / "text") << "no program";
    start.executable = "./text";
    auto text = GuardedProcess::start(start);
    CHECK(text->release().error().code == Code::refused);
    start = folder.shell("true");
    start.directory = folder.path / "nowhere";
    auto nowhere = GuardedProcess::start(start);
    CHECK(nowhere->release().error().message.find("No such file") != std::string::npos);
    start = folder.shell("true");
    start.output_files[0] = folder.path / "nowhere" / "out";
    CHECK(GuardedProcess::start(start).error().code == Code::not_found);
}

TEST_CASE("a guard that is killed takes it along") {
    const GuardFolder folder;
    const pid_t guard = ::fork();
    if (guard == 0) {
        auto process = GuardedProcess::start(folder.shell("echo $$ > pid.tmp; mv pid.tmp pid; sleep 1000"));
        if (!process || !process->release()) ::_exit(1);
        (void)process->attend(minutes(5));
        ::_exit(0);
    }
    while (!folder.has("pid")) REQUIRE(::waitpid(guard, nullptr, WNOHANG) == 0);
    const auto process = identify_process(std::atoi(folder.text("pid").c_str()));
    REQUIRE(process.has_value());
    ::kill(guard, SIGKILL);
    ::waitpid(guard, nullptr, 0);
    int looks = 0;
    while (is_alive(*process) && looks < 1'000'000) ++looks;
    CHECK_FALSE(is_alive(*process));
    // The shell's own child is of the same group.
    ::kill(-process->pid, SIGKILL);
}

}  // namespace
}  // namespace euromesh::os
