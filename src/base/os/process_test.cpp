#include "base/os/process.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

namespace euromesh::os {
namespace {

struct Outcome {
    std::vector<std::string> lines;
    std::optional<int> status;
};

Outcome run(Children& children) {
    Outcome outcome;
    while (children.any_left()) {
        for (ChildEvent& event : children.poll(std::chrono::milliseconds(2000))) {
            if (event.exit_status)
                outcome.status = event.exit_status;
            else
                outcome.lines.push_back(std::move(event.line));
        }
    }
    return outcome;
}

TEST_CASE("lines come whole, the last one also without a newline, then the exit status") {
    Children children;
    REQUIRE(children.start({"/bin/sh", "-c", "echo one; echo two; printf three; exit 7"}, "/dev/null"));
    const Outcome outcome = run(children);
    CHECK(outcome.lines == std::vector<std::string>{"one", "two", "three"});
    CHECK(outcome.status == 7);
}

TEST_CASE("a program that is not there, and one that is killed, show in the status") {
    Children children;
    REQUIRE(children.start({"/no/such/program"}, "/dev/null"));
    CHECK(run(children).status == 127);
    Children victims;
    REQUIRE(victims.start({"/bin/sleep", "60"}, "/dev/null"));
    victims.send_signal(0, SIGKILL);
    CHECK(run(victims).status == 128 + SIGKILL);
}

TEST_CASE("arguments are passed as they are, without a shell") {
    Children children;
    REQUIRE(children.start({"/bin/echo", "$HOME; `id`"}, "/dev/null"));
    CHECK(run(children).lines == std::vector<std::string>{"$HOME; `id`"});
}

TEST_CASE("children do not outlive the set that started them") {
    int pid = 0;
    {
        Children children;
        REQUIRE(children.start({"/bin/sleep", "60"}, "/dev/null"));
        pid = children.process_id(0);
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("standard error goes to its file") {
    const Path file =
        std::filesystem::temp_directory_path() / ("em_process_test_" + std::to_string(::getpid()));
    Children children;
    REQUIRE(children.start({"/bin/sh", "-c", "echo wrong >&2"}, file));
    run(children);
    CHECK(read_file(file, 100) == "wrong\n");
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace euromesh::os

TEST_CASE("a request for a status line is taken once") {
    euromesh::os::watch_for_status_requests();
    CHECK(!euromesh::os::take_status_request());
    ::kill(euromesh::os::own_process_id(), SIGUSR1);
    ::kill(euromesh::os::own_process_id(), SIGUSR1);
    while (!euromesh::os::take_status_request()) {
    }
    CHECK(!euromesh::os::take_status_request());
}

TEST_CASE("the limit of open files goes up to what is permitted, and stays there") {
    const std::size_t files = euromesh::os::raise_open_file_limit();
    CHECK(files >= 256);
    CHECK(euromesh::os::raise_open_file_limit() == files);
}
