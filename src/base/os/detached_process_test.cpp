#include "base/os/detached_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace euromesh::os {
namespace {

struct SaidFile {
    ~SaidFile() { std::filesystem::remove(path); }
    std::string text() const { return read_file(path, 1u << 16).value_or(""); }
    Path path = std::filesystem::temp_directory_path() / ("em-said-" + std::to_string(::getpid()));
};

int wait_for(int pid) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
    return take_exit_status(pid).value_or(-1);
}

TEST_CASE("it has its own session, only the given environment, and no file of ours") {
    const SaidFile said;
    ::setenv("EM_TEST_SECRET", "hush", 1);
    int ours[2];
    REQUIRE(::pipe(ours) == 0);
    const auto pid = start_detached({.arguments = {"/bin/sh", "-c", "env; ls /proc/self/fd | wc -l; exit 7"},
                                     .environment = {{"A", "b c"}},
                                     .said_file = said.path});
    REQUIRE(pid.has_value());
    CHECK(::getsid(*pid) == *pid);
    CHECK(wait_for(*pid) == 7);
    CHECK_FALSE(take_exit_status(*pid).has_value());
    CHECK(said.text().find("A=b c") != std::string::npos);
    CHECK(said.text().find("hush") == std::string::npos);
    // Its three, and the folder that ls reads.
    CHECK(said.text().ends_with("4\n"));
    ::close(ours[0]);
    ::close(ours[1]);
    ::unsetenv("EM_TEST_SECRET");
}

TEST_CASE("a program that is not there") {
    const SaidFile said;
    const auto pid = start_detached({.arguments = {"/nonexistent"}, .said_file = said.path});
    REQUIRE_FALSE(pid.has_value());
    CHECK(pid.error().code == Code::not_found);
}

TEST_CASE("a process is known by more than its number") {
    const SaidFile said;
    const auto pid = start_detached({.arguments = {"/bin/sleep", "1000"}, .said_file = said.path});
    REQUIRE(pid.has_value());
    const ProcessIdentity process = identify_process(*pid).value();
    CHECK(is_alive(process));
    CHECK(process.start_ticks > 0);
    CHECK(process.boot.size() == 36);
    ProcessIdentity other = process;
    ++other.start_ticks;
    CHECK_FALSE(is_alive(other));
    kill_session_of(other);
    other = process;
    other.boot[0] ^= 1;
    CHECK_FALSE(is_alive(other));
    kill_session_of(other);
    kill_session_of({});
    CHECK(is_alive(process));
    kill_session_of(process);
    CHECK(wait_for(*pid) == 128 + SIGKILL);
    CHECK_FALSE(is_alive(process));
    CHECK(identify_process(*pid).error().code == Code::not_found);
}

TEST_CASE("what a process left in its session is found when it is gone itself") {
    const SaidFile said;
    const auto pid =
        start_detached({.arguments = {"/bin/sh", "-c", "sleep 1000 & echo $!; read x < /proc/self/stat"},
                        .environment = {{"PATH", "/usr/bin:/bin"}},
                        .said_file = said.path});
    REQUIRE(pid.has_value());
    const ProcessIdentity process = identify_process(*pid).value();
    CHECK(process.session == *pid);
    CHECK(wait_for(*pid) == 0);
    const ProcessIdentity child = identify_process(std::atoi(said.text().c_str())).value();
    CHECK(is_alive(child));
    kill_session_of(process);
    for (int i = 0; i < 1'000'000 && is_alive(child); ++i) continue;
    CHECK_FALSE(is_alive(child));
}

}  // namespace
}  // namespace euromesh::os
