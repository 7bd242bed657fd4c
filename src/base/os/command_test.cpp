#include "base/os/command.hpp"

#include <doctest/doctest.h>

#include "base/os/system_clock.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

Command shell(const std::string& script) {
    return {.arguments = {"/bin/sh", "-c", script}, .environment = {{"PATH", "/usr/bin:/bin"}}};
}

}  // namespace

TEST_CASE("a command's words and its end are told apart") {
    const auto end = run_command(shell("echo out; echo err >&2; exit 3"));
    REQUIRE(end.has_value());
    CHECK(end->exit_status == 3);
    CHECK(end->output == "out\n");
    CHECK(end->complaint == "err\n");
    CHECK_FALSE(end->timed_out);
    CHECK(run_command(shell("kill -9 $$"))->exit_status == 137);
}

TEST_CASE("arguments go as they are, the environment is what was given, input is empty") {
    Command command{.arguments = {"/bin/sh", "-c", "cat; env; printf '%s|' \"$@\"", "x", "a b", "$HOME", "'"},
                    .environment = {{"ONLY", "this one"}}};
    const std::string said = run_command(command)->output;
    CHECK(said.find("ONLY=this one\n") != std::string::npos);
    CHECK(said.find("HOME=") == std::string::npos);
    CHECK(said.ends_with("a b|$HOME|'|"));
}

TEST_CASE("what takes too long is killed with its children") {
    const SystemClock clock;
    const Nanoseconds before = clock.monotonic();
    Command command = shell("echo on; sleep 1000 & wait");
    command.limit = std::chrono::milliseconds(50);
    const auto end = run_command(command);
    REQUIRE(end.has_value());
    CHECK(end->timed_out);
    CHECK(end->output == "on\n");
    // Also when nothing more is to be read.
    command.arguments.back() = "exec >&- 2>&-; sleep 1000";
    CHECK(run_command(command)->timed_out);
    CHECK(clock.monotonic() - before < std::chrono::seconds(500));
}

TEST_CASE("too many words are an error, and complaints are kept to their end") {
    Command command = shell("while :; do echo 0123456789; done");
    command.output_most_bytes = 10'000;
    CHECK(run_command(command).error().code == Code::no_space);
    const auto end =
        run_command(shell("i=0; while [ $i -lt 1000 ]; do echo number $i >&2; i=$((i+1)); done"));
    CHECK(end->complaint.size() <= 4096);
    CHECK(end->complaint.ends_with("number 999\n"));
}

TEST_CASE("a program that is not there") {
    CHECK(run_command({.arguments = {"/nonexistent/program"}}).error().code == Code::not_found);
    CHECK(run_command({.arguments = {"no-such-program-anywhere"}}).error().code == Code::not_found);
}
