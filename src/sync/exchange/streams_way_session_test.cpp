#include "sync/exchange/streams_way_session.hpp"

#include <doctest/doctest.h>

#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock clock_of_test;
constexpr TetherHello ours{11, 22}, theirs{22, 11};

// A session at the site that is dialled; the test speaks as the peer, byte for byte.
struct SessionOfTest {
    explicit SessionOfTest(StreamsConfig config = {}) {
        auto ends = os::Socket::pair().value();
        local = std::move(ends.first);
        session = std::make_unique<StreamsSession>(config, clock_of_test, ours, std::move(ends.second),
                                                   std::vector<std::shared_ptr<Way>>(), counters);
    }
    StreamLine dial(std::uint32_t stream) {
        auto ends = os::Socket::pair().value();
        session->join(stream, std::move(ends.first));
        return StreamLine(std::move(ends.second));
    }
    // Until it has said something of this kind; its body goes to `got`.
    std::optional<TetherHeader> hear(StreamLine& line, TetherKind kind) {
        std::optional<TetherHeader> heard;
        for (int i = 0; i < 2000 && !heard; ++i) {
            os::WaitItem item{&line.socket(), true};
            os::wait_ready({&item, 1}, std::chrono::milliseconds(5));
            const Status read = line.read([](const TetherHeader&) { return true; },
                                          [&](const TetherHeader& header, std::vector<std::byte> body) {
                                              if (header.kind == kind) heard = header;
                                              got.insert(got.end(), body.begin(), body.end());
                                              return Status();
                                          });
            if (!read) break;
        }
        return heard;
    }
    static void say(StreamLine& line, TetherKind kind, std::uint64_t offset,
                    std::span<const std::byte> body = {}, const TetherHello& as = theirs) {
        line.queue(TetherHeader{kind, as, offset}, body);
        while (!line.is_idle()) REQUIRE(line.write());
    }
    std::vector<std::byte> take(std::size_t size) {
        std::vector<std::byte> taken;
        for (int i = 0; i < 2000 && taken.size() < size; ++i) {
            os::WaitItem item{&local, true};
            os::wait_ready({&item, 1}, std::chrono::milliseconds(5));
            std::byte room[4096];
            const auto part = local.receive(room);
            if (!part) break;
            taken.insert(taken.end(), room, room + *part);
        }
        return taken;
    }
    void write(std::span<const std::byte> bytes) {
        const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
        REQUIRE(local.send({&piece, 1}).value() == bytes.size());
    }
    bool comes_to(const std::function<bool()>& condition) const {
        for (int i = 0; i < 4000 && !condition(); ++i) os::wait_ready({}, std::chrono::milliseconds(1));
        return condition();
    }

    std::shared_ptr<StreamsCounters> counters = std::make_shared<StreamsCounters>();
    os::Socket local;
    std::vector<std::byte> got;
    std::unique_ptr<StreamsSession> session;
};

}  // namespace

TEST_CASE("it greets the first connection, and takes segments from any of them in any order") {
    SessionOfTest test;
    StreamLine first = test.dial(0);
    CHECK(test.hear(first, TetherKind::hello)->sessions == ours);
    StreamLine second = test.dial(63);
    const auto bytes = random_stream(3000, 1);
    SessionOfTest::say(second, TetherKind::segment, 1000, std::span(bytes).subspan(1000));
    SessionOfTest::say(first, TetherKind::segment, 0, std::span(bytes).first(1000));
    SessionOfTest::say(first, TetherKind::segment, 1000, std::span(bytes).subspan(1000));
    CHECK((test.take(3000) == bytes));
    // All acknowledged, by one or the other.
    test.session.reset();
}

TEST_CASE("both ends of a stream are told, known, and the session is over") {
    SessionOfTest test;
    StreamLine line = test.dial(0);
    const auto bytes = random_stream(500, 2);
    test.write(bytes);
    CHECK(test.hear(line, TetherKind::segment)->offset == 0);
    CHECK((test.got == bytes));
    SessionOfTest::say(line, TetherKind::end, 0);
    CHECK(test.hear(line, TetherKind::acknowledgement)->offset == 1);
    CHECK(test.take(1).empty());
    CHECK(test.local.has_ended());
    test.local = os::Socket();
    CHECK(test.hear(line, TetherKind::end)->offset == 500);
    CHECK(!test.session->is_over());
    SessionOfTest::say(line, TetherKind::acknowledgement, 501);
    CHECK(test.comes_to([&] { return test.session->is_over(); }));
}

TEST_CASE("what was under way on a lost connection is sent again by another") {
    SessionOfTest test;
    test.session->prove();
    StreamLine line = test.dial(3);
    test.write(random_stream(500, 2));
    CHECK(test.hear(line, TetherKind::segment));
    { const StreamLine lost = std::move(line); }
    CHECK(test.comes_to([&] { return test.session->is_cut(); }));
    CHECK(!test.session->is_over());
    StreamLine other = test.dial(4);
    const auto again = test.hear(other, TetherKind::segment);
    REQUIRE(again);
    CHECK(again->offset == 0);
    CHECK(again->length == 500);
    CHECK(test.counters->lost == 1);
    CHECK(test.comes_to([&] { return test.counters->segments_resent == 1; }));
}

TEST_CASE("a connection that speaks for another session, or nonsense, is dropped; the session goes on") {
    SessionOfTest test;
    test.session->prove();
    StreamLine good = test.dial(0);
    CHECK(test.hear(good, TetherKind::hello));
    StreamLine other = test.dial(1);
    SessionOfTest::say(other, TetherKind::segment, 0, random_stream(9, 1), {22, 12});
    CHECK(!test.hear(other, TetherKind::end));
    StreamLine nonsense = test.dial(2);
    nonsense.queue(random_stream(56, 3));
    REQUIRE(nonsense.write());
    CHECK(!test.hear(nonsense, TetherKind::end));
    StreamLine ahead = test.dial(3);
    SessionOfTest::say(ahead, TetherKind::acknowledgement, 1'000'000);
    CHECK(!test.hear(ahead, TetherKind::end));
    const auto bytes = random_stream(100, 7);
    SessionOfTest::say(good, TetherKind::segment, 0, bytes);
    CHECK((test.take(100) == bytes));
    CHECK(!test.session->is_over());
}

TEST_CASE("who has not shown who it is gets no window, and does not outlive its connection") {
    SessionOfTest greedy;
    StreamLine line = greedy.dial(0);
    SessionOfTest::say(line, TetherKind::segment, 1u << 20, random_stream(10, 1));
    CHECK(greedy.comes_to([&] { return greedy.session->is_over(); }));
    CHECK(greedy.session->failure()->code == Code::refused);
    SessionOfTest gone;
    { const StreamLine short_one = gone.dial(0); }
    CHECK(gone.comes_to([&] { return gone.session->is_over(); }));
}

TEST_CASE("a session that is cut for longer than its limit ends, and its socket with it") {
    StreamsConfig config;
    config.resume_limit = std::chrono::milliseconds(30);
    SessionOfTest test(config);
    test.session->prove();
    { const StreamLine line = test.dial(0); }
    CHECK(test.comes_to([&] { return test.local.has_ended(); }));
    CHECK(test.comes_to([&] { return test.session->is_over(); }));
    CHECK(test.session->failure()->code == Code::unavailable);
}
