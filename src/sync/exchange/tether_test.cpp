#include "sync/exchange/tether.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

constexpr TetherLimits small{1000, 100, std::chrono::seconds(1)};

std::vector<std::byte> stream_of(std::size_t length, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::byte> bytes(length);
    for (std::byte& byte : bytes) byte = std::byte(random.next() & 0xff);
    return bytes;
}

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

struct Packet {
    bool acknowledgement = false;
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes{};
    unsigned carrier = 0;
};

// A sender and a receiver over a carrier that loses, repeats, reorders and is cut, all by a seed.
class Storm {
  public:
    explicit Storm(std::uint64_t seed) : random_(seed), data_(stream_of(7000 + random_.below(9000), seed)) {}

    void run() {
        for (int step = 0; step < 100000 && got_.size() < data_.size(); ++step) pass();
        CHECK(got_ == data_);
        CHECK(most_kept_ <= small.window_bytes);
    }

  private:
    void pass() {
        now_ += std::chrono::milliseconds(20);
        offer();
        send();
        if (random_.below(40) == 0) cut();
        if (!flying_.empty()) deliver();
        const auto ready = receiver_.ready();
        const std::size_t part = random_.below(ready.size() + 1);
        got_.insert(got_.end(), ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(part));
        receiver_.consume(part);
        if (random_.below(4) == 0) throw_in({true, receiver_.consumed()});
    }
    void offer() {
        const std::size_t part = std::min<std::size_t>(data_.size() - offered_, random_.below(400));
        offered_ += sender_.offer(std::span(data_).subspan(offered_, part));
        most_kept_ = std::max(most_kept_, sender_.offered() - sender_.acknowledged());
    }
    void send() {
        const auto carrier = static_cast<unsigned>(random_.below(3));
        const auto segment = sender_.next(now_, carrier, random_.below(3) == 0);
        if (segment) throw_in({false, segment->offset, copy(segment->bytes), carrier});
    }
    void throw_in(Packet packet) {
        const auto fate = random_.below(10);
        if (fate < 2) return;
        flying_.push_back(packet);
        if (fate == 9) flying_.push_back(std::move(packet));
    }
    void cut() {
        const auto carrier = static_cast<unsigned>(random_.below(3));
        std::erase_if(flying_, [&](const Packet& packet) { return packet.carrier == carrier; });
        sender_.carrier_lost(carrier);
    }
    void deliver() {
        const std::size_t which = random_.below(flying_.size());
        const Packet packet = flying_[which];
        flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(which));
        if (packet.acknowledgement) {
            REQUIRE(sender_.acknowledged(packet.offset, now_));
        } else {
            REQUIRE(receiver_.take(packet.offset, packet.bytes));
        }
    }

    Random random_;
    std::vector<std::byte> data_, got_{};
    TetherSender sender_{small};
    TetherReceiver receiver_{small};
    std::vector<Packet> flying_{};
    std::size_t offered_ = 0;
    std::uint64_t most_kept_ = 0;
    Nanoseconds now_{0};
};

}  // namespace

TEST_CASE("whatever is lost, repeated, reordered or cut, the receiver gives what the sender was offered") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Storm(seed).run();
    }
}

TEST_CASE("the window bounds what a sender takes, and an acknowledgement opens it") {
    TetherSender sender(small);
    const auto data = stream_of(2000, 1);
    CHECK(sender.offer(data) == 1000);
    CHECK(sender.room() == 0);
    for (int i = 0; i < 10; ++i) REQUIRE(sender.next(Nanoseconds(0), 0, false));
    CHECK(!sender.next(Nanoseconds(0), 0, true));
    REQUIRE(sender.acknowledged(250, Nanoseconds(0)));
    CHECK(sender.room() == 250);
    CHECK(sender.offer(std::span(data).subspan(1000)) == 250);
    CHECK(sender.next(Nanoseconds(0), 0, false)->offset == 1000);
}

TEST_CASE("a part of a segment is held back until it is asked for, and its borders stay") {
    TetherSender sender(small);
    const auto data = stream_of(150, 2);
    sender.offer(std::span(data).first(30));
    CHECK(!sender.next(Nanoseconds(0), 0, false));
    CHECK(sender.has_unsent());
    CHECK(sender.next(Nanoseconds(0), 0, true)->bytes.size() == 30);
    sender.offer(std::span(data).subspan(30));
    const auto next = sender.next(Nanoseconds(0), 0, false);
    REQUIRE(next);
    CHECK(next->offset == 30);
    CHECK(next->bytes.size() == 100);
}

TEST_CASE("only the first unacknowledged segment is sent again, later and later") {
    TetherSender sender(small);
    sender.offer(stream_of(300, 3));
    for (int i = 0; i < 3; ++i) REQUIRE(sender.next(Nanoseconds(0), 0, false));
    CHECK(!sender.next(std::chrono::milliseconds(999), 0, true));
    CHECK(sender.next(std::chrono::seconds(1), 0, true)->offset == 0);
    CHECK(!sender.next(std::chrono::milliseconds(2999), 0, true));
    CHECK(sender.next(std::chrono::seconds(3), 0, true)->offset == 0);
    REQUIRE(sender.acknowledged(100, std::chrono::seconds(4)));
    CHECK(!sender.next(std::chrono::milliseconds(4999), 0, true));
    CHECK(sender.next(std::chrono::seconds(5), 0, true)->offset == 100);
    CHECK(sender.resent_segments() == 3);
}

TEST_CASE("what went over a lost carrier is sent again at once, over any other") {
    TetherSender sender(small);
    sender.offer(stream_of(300, 4));
    for (unsigned i = 0; i < 3; ++i) REQUIRE(sender.next(Nanoseconds(0), i, false));
    sender.carrier_lost(1);
    CHECK(sender.next(Nanoseconds(0), 2, false)->offset == 100);
    CHECK(!sender.next(Nanoseconds(0), 2, false));
}

TEST_CASE("a peer that acknowledges, sends or ends what cannot be is told so") {
    TetherSender sender(small);
    sender.offer(stream_of(50, 5));
    CHECK(sender.acknowledged(51, Nanoseconds(0)).error().code == Code::bad_input);
    CHECK(sender.acknowledged(50, Nanoseconds(0)).error().code == Code::bad_input);  // never sent
    TetherReceiver receiver(small);
    CHECK(receiver.take(950, stream_of(51, 1)).error().code == Code::bad_input);
    CHECK(receiver.take(~std::uint64_t{0} - 10, stream_of(50, 1)).error().code == Code::bad_input);
    CHECK(receiver.take(0, {}).error().code == Code::bad_input);
    REQUIRE(receiver.take(100, stream_of(100, 1)));
    CHECK(receiver.take(50, stream_of(51, 1)).error().code == Code::bad_input);
    CHECK(receiver.take(199, stream_of(51, 1)).error().code == Code::bad_input);
    CHECK(receiver.take_end(150).error().code == Code::bad_input);
    REQUIRE(receiver.take_end(300));
    CHECK(receiver.take_end(301).error().code == Code::bad_input);
    CHECK(receiver.take(250, stream_of(51, 1)).error().code == Code::bad_input);
}

TEST_CASE("a stream is over when its last byte has been consumed") {
    TetherReceiver receiver(small);
    REQUIRE(receiver.take_end(20));
    REQUIRE(receiver.take(10, stream_of(10, 1)));
    CHECK(receiver.ready().empty());
    CHECK(!receiver.wants(10, 10));
    CHECK(receiver.wants(0, 10));
    REQUIRE(receiver.take(0, stream_of(10, 2)));
    receiver.consume(4);
    CHECK(!receiver.wants(0, 10));
    REQUIRE(receiver.take(0, stream_of(10, 2)));
    receiver.consume(6);
    CHECK(!receiver.is_over());
    receiver.consume(10);
    CHECK(receiver.is_over());
}
