#include "base/os/socket.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

#include "base/os/thread.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

bool wait_for(const Socket& socket, bool write) {
    WaitItem item{&socket, !write, write, false, false};
    wait_ready({&item, 1}, std::chrono::seconds(5));
    return write ? item.writable : item.readable;
}

struct Pair {
    Socket listener, dialler, accepted;
};

Pair connected(const std::string& host) {
    Pair pair;
    pair.listener = Socket::listen({host, 0}, {}).value();
    pair.dialler = Socket::connect({host, pair.listener.local_port()}, {}).value();
    REQUIRE(wait_for(pair.listener, false));
    pair.accepted = std::move(*pair.listener.accept({}).value());
    REQUIRE(wait_for(pair.dialler, true));
    REQUIRE(pair.dialler.connect_status());
    return pair;
}

bool wait_ready_for(const Socket& socket, Nanoseconds limit) {
    WaitItem item{&socket, true, false, false, false};
    wait_ready({&item, 1}, limit);
    return item.readable;
}

std::uint64_t pacing_of(const Socket& socket) {
    std::uint64_t rate = 0;
    socklen_t size = sizeof rate;
    ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &size);
    return rate;
}

Result<std::size_t> send_text(Socket& socket, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    return socket.send({&piece, 1});
}

}  // namespace

TEST_CASE("bytes go both ways over IPv4 and IPv6") {
    for (const char* host : {"127.0.0.1", "::1"}) {
        Pair pair = connected(host);
        CHECK(send_text(pair.dialler, "hello").value() == 5);
        REQUIRE(wait_for(pair.accepted, false));
        std::array<std::byte, 16> room{};
        CHECK(pair.accepted.receive(room).value() == 5);
        CHECK(std::memcmp(room.data(), "hello", 5) == 0);
        CHECK(pair.accepted.receive(room).value() == 0);
        CHECK(pair.accepted.peer_text().find(host) != std::string::npos);
    }
}

TEST_CASE("the own address that leads to a peer is known as soon as it is dialled") {
    const auto listener = Socket::listen({"127.0.0.1", 0}, {});
    REQUIRE(listener);
    const auto dialling = Socket::connect(Endpoint{"127.0.0.1", listener->local_port()}, {});
    REQUIRE(dialling);
    CHECK(dialling->local_host() == "127.0.0.1");
    CHECK(Socket::pair()->first.local_host().empty());
}

TEST_CASE("a closed connection is seen by the reader at once and by the writer soon") {
    Pair pair = connected("127.0.0.1");
    { const Socket gone = std::move(pair.accepted); }
    REQUIRE(wait_for(pair.dialler, false));
    std::array<std::byte, 4> room{};
    const auto got = pair.dialler.receive(room);
    REQUIRE(!got);
    CHECK(got.error().code == Code::unavailable);
    CHECK(got.error().message == "connection closed");
}

TEST_CASE("a full socket does not block") {
    Pair pair = connected("127.0.0.1");
    const std::string text(1 << 20, 'x');
    std::size_t last = 1;
    for (int i = 0; i < 1000 && last > 0; ++i) last = send_text(pair.dialler, text).value();
    CHECK(last == 0);
}

TEST_CASE("nobody waits: accept gives nothing; nobody listens: connecting ends in an error") {
    Socket listener = Socket::listen({"127.0.0.1", 0}, {}).value();
    CHECK(!listener.accept({}).value().has_value());
    const std::uint16_t port = listener.local_port();
    const auto second = Socket::listen({"127.0.0.1", port}, {});
    REQUIRE(!second);
    CHECK(second.error().code == Code::conflict);
    { const Socket closing = std::move(listener); }
    auto dialled = Socket::connect({"127.0.0.1", port}, {});
    if (dialled) {
        wait_for(*dialled, true);
        CHECK(dialled->connect_status().error().code == Code::unavailable);
    } else {
        CHECK(dialled.error().code == Code::unavailable);
    }
}

TEST_CASE("a host that does not exist is named") {
    const auto dialled = Socket::connect({"no-such-host.invalid", 1}, {});
    REQUIRE(!dialled);
    CHECK(dialled.error().code == Code::not_found);
    CHECK(dialled.error().message.find("no-such-host.invalid:1") != std::string::npos);
}

TEST_CASE("a pair of sockets carries bytes inside the machine") {
    auto [one, other] = Socket::pair().value();
    CHECK(send_text(one, "hi").value() == 2);
    std::array<std::byte, 8> room{};
    CHECK(other.receive(room).value() == 2);
    CHECK(other.receive(room).value() == 0);
    CHECK(other.peer_text() == "this machine");
    CHECK(!other.has_ended());
    CHECK(send_text(one, "x").value() == 1);
    one = Socket();
    CHECK(!other.has_ended());
    CHECK(other.receive(room).value() == 1);
    CHECK(other.has_ended());
    WaitItem nothing{&other, false, false, false, false};
    wait_ready({&nothing, 1}, Nanoseconds(0));
    CHECK(!nothing.readable);
    CHECK(!other.receive(room));
}

TEST_CASE("a waker ends a wait from another thread, once however often it is called") {
    Waker waker;
    CHECK(!wait_ready_for(waker.socket(), std::chrono::milliseconds(0)));
    for (int i = 0; i < 100'000; ++i) waker.wake();
    CHECK(wait_ready_for(waker.socket(), std::chrono::seconds(5)));
    waker.clear();
    CHECK(!wait_ready_for(waker.socket(), std::chrono::milliseconds(0)));
    const Thread thread([&] { waker.wake(); });
    CHECK(wait_ready_for(waker.socket(), std::chrono::seconds(5)));
}

TEST_CASE("a connection leaves by the interface that is asked for") {
    const Socket listener = Socket::listen({"127.0.0.1", 0}, {}).value();
    const Address address = look_up({"127.0.0.1", listener.local_port()}, Family::any).value().at(0);
    SocketOptions options;
    options.interface = "lo";
    options.pacing_bytes_per_s = 1u << 20;
    const Socket dialler = Socket::connect(address, options).value();
    CHECK(wait_for(dialler, true));
    CHECK(dialler.connect_status());
    options.interface = "no-such-if0";
    const auto wrong = Socket::connect(address, options);
    REQUIRE(!wrong);
    CHECK(wrong.error().code == Code::not_found);
    CHECK(wrong.error().message.find("interface 'no-such-if0'") != std::string::npos);
}

TEST_CASE("what the kernel sends is paced") {
    const Socket listener = Socket::listen({"127.0.0.1", 0}, {}).value();
    const Address address = look_up({"127.0.0.1", listener.local_port()}, Family::any).value().at(0);
    SocketOptions options;
    options.pacing_bytes_per_s = 4'000'000;
    const Socket dialler = Socket::connect(address, options).value();
    CHECK(pacing_of(dialler) == 4'000'000);
    Socket other = Socket::connect(address, {}).value();
    other.pace(3'000'000);
    other.pace(0);
    CHECK(pacing_of(other) == 3'000'000);
}

TEST_CASE("what is looked at stays to be received") {
    auto ends = Socket::pair().value();
    std::byte room[8]{};
    CHECK(ends.second.peek(room).value() == 0);
    char text[] = "abc";
    const iovec piece{text, 3};
    REQUIRE(ends.first.send({&piece, 1}).value() == 3);
    CHECK(ends.second.peek({room, 1}).value() == 1);
    CHECK(room[0] == std::byte{'a'});
    CHECK(ends.second.receive(room).value() == 3);
    ends.first = Socket();
    CHECK(ends.second.peek(room).error().code == Code::unavailable);
}
