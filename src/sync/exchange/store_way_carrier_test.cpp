#include "sync/exchange/store_way_carrier.hpp"

#include <doctest/doctest.h>

#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/s3_store_for_test.hpp"
#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// A carrier of site a whose peer b is the test itself, by hand.
struct ByHand {
    ByHand() {
        greeting.begin(7);
        greeting.hear({9, 7});
        config.linger = Nanoseconds(0);
        auto [near, far] = os::Socket::pair().value();
        socket = std::move(near);
        carrier = std::make_unique<StoreCarrier>(store, config, clock, greeting, std::move(far));
    }
    void put(const TetherName& name, std::string_view text = "") {
        REQUIRE(store.put("run/b/a/" + encode(name), std::as_bytes(std::span(text.data(), text.size())), {}));
    }
    static TetherName segment(std::uint64_t offset, std::string_view text, TetherHello sessions = {9, 7}) {
        return {TetherKind::segment, sessions, offset, static_cast<std::uint32_t>(text.size()), sha256(text)};
    }
    // What arrives at the socket until there are so many bytes, or it ends.
    std::string arrives(std::size_t count, int looks = 100) {
        std::string text;
        std::byte room[100];
        for (int i = 0; i < looks && text.size() < count; ++i) {
            os::WaitItem item{&socket, true};
            os::wait_ready({&item, 1}, std::chrono::milliseconds(50));
            const auto got = socket.receive(room);
            if (!got) return text + "|end";
            text.append(reinterpret_cast<const char*>(room), *got);
        }
        return text;
    }
    // Waits for a file of site a.
    std::optional<TetherName> written(TetherKind kind) {
        for (int i = 0; i < 200; ++i) {
            const std::vector<Blob> blobs = store.list("run/a/b", 100, {}).value();
            for (const Blob& blob : blobs) {
                const auto name = decode_tether_name(std::string_view(blob.name).substr(8));
                if (name && name->kind == kind) return name;
            }
            store.wait("run/a/b", std::chrono::milliseconds(20));
        }
        return std::nullopt;
    }

    TestFolder folder{"carrier"};
    FolderStore store{folder.path()};
    StoreWayConfig config{"run", "a", "b"};
    os::SystemClock clock;
    TetherGreeting greeting;
    os::Socket socket;
    std::unique_ptr<StoreCarrier> carrier;
};

}  // namespace

TEST_CASE("segments come out in order; those of other sessions, cut ones and altered ones do not") {
    ByHand hand;
    hand.put(ByHand::segment(5, "world"), "world");
    hand.put(ByHand::segment(0, "other", {8, 7}), "other");
    hand.put(ByHand::segment(0, "hello"), "hel");
    CHECK(hand.arrives(1, 6).empty());
    hand.put(ByHand::segment(0, "hello"), "hullo");
    hand.put(ByHand::segment(10, "!"), "!");
    for (int i = 0; i < 100 && hand.carrier->counts().segments_corrupt == 0; ++i) {
        os::wait_ready({}, std::chrono::milliseconds(20));
    }
    CHECK(hand.carrier->counts().segments_corrupt == 1);
    hand.put(ByHand::segment(0, "hello"), "hello");
    CHECK(hand.arrives(11) == "helloworld!");
    hand.put({TetherKind::end, {9, 7}, 11});
    CHECK(hand.arrives(1) == "|end");
}

TEST_CASE("what the socket gives becomes a segment with its digest, and closing it becomes an end") {
    ByHand hand;
    const iovec piece{const_cast<char*>("abc"), 3};
    REQUIRE(hand.socket.send({&piece, 1}).value() == 3);
    const auto segment = hand.written(TetherKind::segment);
    REQUIRE(segment);
    CHECK(segment->sessions == TetherHello{7, 9});
    CHECK(segment->digest == sha256("abc"));
    hand.socket = os::Socket();
    const auto end = hand.written(TetherKind::end);
    REQUIRE(end);
    CHECK(end->offset == 3);
}

TEST_CASE("a peer that acknowledges what was never sent, or begins anew, ends the stream") {
    {
        ByHand hand;
        hand.put({TetherKind::acknowledgement, {9, 7}, 99});
        CHECK(hand.arrives(1) == "|end");
        REQUIRE(hand.carrier->failure());
        CHECK(hand.carrier->failure()->code == Code::bad_input);
    }
    ByHand hand;
    hand.put({TetherKind::hello, {10, 0}});
    CHECK(hand.arrives(1) == "|end");
    CHECK(!hand.carrier->failure());
}
