#include "sync/exchange/stream_pair.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::sync;

namespace {

struct Joined {
    os::Socket left, right;
    StreamPair pair;
    static Joined make() {
        auto a = os::Socket::pair().value();
        auto b = os::Socket::pair().value();
        return {std::move(a.first), std::move(b.first), StreamPair(std::move(a.second), std::move(b.second))};
    }
    bool turn() {
        auto items = pair.waits();
        os::wait_ready(items, Nanoseconds(0));
        return pair.step(items[0], items[1]);
    }
};

std::size_t send_all(os::Socket& socket, const std::string& text) {
    std::size_t total = 0;
    for (;;) {
        const iovec piece{const_cast<char*>(text.data()) + total, text.size() - total};
        const std::size_t sent = socket.send({&piece, 1}).value();
        total += sent;
        if (sent == 0 || total == text.size()) return total;
    }
}

std::string take(os::Socket& socket) {
    std::string room(1u << 20, '\0');
    const auto got = socket.receive(std::as_writable_bytes(std::span(room.data(), room.size())));
    return got ? room.substr(0, *got) : "<end>";
}

}  // namespace

TEST_CASE("bytes go both ways, and are counted") {
    Joined joined = Joined::make();
    send_all(joined.left, "hello");
    send_all(joined.right, "you");
    CHECK(joined.turn());
    CHECK(take(joined.right) == "hello");
    CHECK(take(joined.left) == "you");
    CHECK(joined.pair.carried_bytes(0) == 5);
    CHECK(joined.pair.carried_bytes(1) == 3);
}

TEST_CASE("nothing is read for a side that does not take it, and nothing is lost") {
    Joined joined = Joined::make();
    std::string sent;
    const std::string block(100'000, 'x');
    std::size_t since_progress = 0;
    while (since_progress < 100) {
        const std::size_t now = send_all(joined.left, block);
        sent += block.substr(0, now);
        since_progress = now == 0 ? since_progress + 1 : 0;
        REQUIRE(joined.turn());
    }
    CHECK(!joined.pair.waits()[0].want_read);
    CHECK(joined.pair.waits()[1].want_write);
    joined.left.shutdown_sending();
    std::string got;
    for (int i = 0; i < 10'000 && !got.ends_with("<end>"); ++i) {
        REQUIRE(joined.turn());
        got += take(joined.right);
    }
    CHECK(got == sent + "<end>");
}

TEST_CASE("one direction ends after the other") {
    Joined joined = Joined::make();
    joined.left.shutdown_sending();
    CHECK(joined.turn());
    CHECK(joined.pair.is_ending());
    CHECK(take(joined.right) == "<end>");
    send_all(joined.right, "last words");
    CHECK(joined.turn());
    CHECK(take(joined.left) == "last words");
    joined.right.shutdown_sending();
    CHECK(!joined.turn());
    CHECK(take(joined.left) == "<end>");
}

TEST_CASE("a side that is gone ends the pair when something is sent to it") {
    Joined joined = Joined::make();
    joined.left = os::Socket();
    send_all(joined.right, "x");
    bool goes_on = true;
    for (int i = 0; i < 10 && goes_on; ++i) goes_on = joined.turn();
    CHECK(!goes_on);
}
