#include "sync/exchange/streams_way_lobby.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::sync;

namespace {

struct LobbyOfTest {
    LobbyOfTest() {
        auto ends = os::Socket::pair().value();
        guest = std::move(ends.first);
        lobby.enter(std::move(ends.second), Nanoseconds(100));
    }
    void say(std::span<const std::byte> bytes) {
        const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
        REQUIRE(guest.send({&piece, 1}).value() == bytes.size());
    }
    StreamsLobby lobby;
    os::Socket guest;
};

const StreamsPreamble preamble{streams_pair("run", "b", "a"), {5, 6}, 2};

}  // namespace

TEST_CASE("a plain connection leaves untouched, one of several without its preamble, byte by byte") {
    LobbyOfTest plain;
    CHECK(plain.lobby.take(Nanoseconds(1)).empty());
    const std::byte hello[3] = {std::byte{0x16}, std::byte{3}, std::byte{1}};
    plain.say(hello);
    auto known = plain.lobby.take(Nanoseconds(1));
    REQUIRE(known.size() == 1);
    CHECK(!known[0].preamble);
    std::byte room[100];
    CHECK(known[0].connection.receive(room).value() == 3);

    LobbyOfTest several;
    const StreamsPreambleBytes bytes = encode(preamble);
    for (const std::byte& byte : bytes) {
        CHECK(several.lobby.take(Nanoseconds(1)).empty());
        several.say({&byte, 1});
    }
    several.say(hello);
    known = several.lobby.take(Nanoseconds(1));
    REQUIRE(known.size() == 1);
    CHECK(known[0].preamble == preamble);
    CHECK(known[0].connection.receive(room).value() == 3);
    CHECK(several.lobby.size() == 0);
}

TEST_CASE("who says nonsense, closes, or nothing until the time is over is sent away") {
    LobbyOfTest nonsense;
    StreamsPreambleBytes bytes = encode(preamble);
    bytes[30] ^= std::byte{1};
    nonsense.say(bytes);
    CHECK(nonsense.lobby.take(Nanoseconds(1)).empty());
    CHECK(nonsense.lobby.size() == 0);
    CHECK(nonsense.guest.has_ended());

    LobbyOfTest closed;
    closed.guest = os::Socket();
    CHECK(closed.lobby.take(Nanoseconds(1)).empty());
    CHECK(closed.lobby.size() == 0);

    LobbyOfTest silent;
    silent.say(std::span(bytes).first(10));
    CHECK(silent.lobby.take(Nanoseconds(99)).empty());
    CHECK(silent.lobby.size() == 1);
    CHECK(silent.lobby.take(Nanoseconds(100)).empty());
    CHECK(silent.lobby.size() == 0);
    CHECK(silent.guest.has_ended());
}

TEST_CASE("a full lobby sends away who has waited longest") {
    LobbyOfTest crowd;
    std::vector<os::Socket> later;
    for (std::size_t i = 0; i < StreamsLobby::guests_most; ++i) {
        CHECK(!crowd.guest.has_ended());
        auto ends = os::Socket::pair().value();
        later.push_back(std::move(ends.first));
        crowd.lobby.enter(std::move(ends.second), Nanoseconds(100));
    }
    CHECK(crowd.guest.has_ended());
    CHECK(crowd.lobby.size() == StreamsLobby::guests_most);
    CHECK(!later.front().has_ended());
}
