#include "base/os/piped_child.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <array>
#include <cerrno>

#include "base/os/system_clock.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

const SystemClock test_clock;

bool readable(const Socket& socket) {
    WaitItem item{&socket, true, false, false, false};
    wait_ready({&item, 1}, std::chrono::seconds(10));
    return item.readable;
}

std::string read_all(Socket& socket) {
    std::string text;
    std::array<char, 4096> room{};
    while (readable(socket)) {
        const auto got = socket.receive(std::as_writable_bytes(std::span(room)));
        if (!got) break;
        text.append(room.data(), *got);
    }
    return text;
}

int wait_for_exit(PipedChild& child) {
    const Nanoseconds end = test_clock.monotonic() + std::chrono::seconds(10);
    while (!child.exit_status() && test_clock.monotonic() < end) {
    }
    return child.exit_status().value_or(-1);
}

}  // namespace

TEST_CASE("what goes in comes out, and the end of one is the end of the other") {
    auto [child, socket] = PipedChild::start({"cat"}).value();
    const std::string text(100'000, 'x');
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    const std::size_t sent = socket.send({&piece, 1}).value();
    CHECK(sent > 0);
    socket.shutdown_sending();
    CHECK(read_all(socket).size() == sent);
    CHECK(wait_for_exit(child) == 0);
}

TEST_CASE("a child that fails is known by its status and its last words") {
    auto [child, socket] =
        PipedChild::start({"/bin/sh", "-c", "echo first >&2; printf 'no \\033 route\\n\\n' >&2; exit 7"})
            .value();
    CHECK(read_all(socket).empty());
    CHECK(wait_for_exit(child) == 7);
    CHECK(child.last_words() == "no ? route");
}

TEST_CASE("a child that complains without end is not held up") {
    auto [child, socket] =
        PipedChild::start({"/bin/sh", "-c", "head -c 1000000 /dev/zero >&2 2>/dev/null; echo done"}).value();
    CHECK(read_all(socket) == "done\n");
    CHECK(child.last_words().size() == 300);
}

TEST_CASE("the child and its children end with the object") {
    int pid = 0;
    {
        auto [child, socket] = PipedChild::start({"/bin/sh", "-c", "sleep 1000 & echo; wait"}).value();
        REQUIRE(readable(socket));
        pid = child.process_id();
        CHECK(!child.exit_status());
    }
    const Nanoseconds end = test_clock.monotonic() + std::chrono::seconds(10);
    while (::kill(-pid, 0) == 0 && test_clock.monotonic() < end) {
    }
    CHECK(::kill(-pid, 0) == -1);
}

TEST_CASE("a program that does not exist is told") {
    const auto started = PipedChild::start({"no-such-program-here"});
    REQUIRE(!started);
    CHECK(started.error().code == Code::not_found);
    CHECK(started.error().message.find("no-such-program-here") != std::string::npos);
}
