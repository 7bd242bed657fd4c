#include "sync/exchange/connection.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// What a test says comes in, in pieces of a chosen size; what goes out is kept.
class ScriptedStream final : public os::Stream {
  public:
    ScriptedStream(std::vector<std::byte> input, std::size_t piece)
        : Stream(os::Socket()), input_(std::move(input)), piece_(piece) {}
    Result<bool> handshake() override { return true; }
    os::PeerIdentity identity() const override { return {}; }
    Result<std::size_t> read(std::span<std::byte> room) override {
        if (at_ == input_.size()) return std::size_t{0};
        const std::size_t size = std::min({room.size(), piece_, input_.size() - at_});
        std::copy_n(input_.begin() + static_cast<std::ptrdiff_t>(at_), size, room.begin());
        at_ += size;
        return size;
    }
    Result<std::size_t> write(std::span<const std::byte> head, std::span<const std::byte> body) override {
        std::size_t left = piece_;
        for (const auto part : {head, body}) {
            const std::size_t size = std::min(left, part.size());
            output.insert(output.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(size));
            left -= size;
        }
        return piece_ - left;
    }
    Result<bool> flush() override { return true; }
    bool has_unsent() const override { return false; }
    bool has_unread() const override { return at_ < input_.size(); }
    std::vector<std::byte> output;

  private:
    std::vector<std::byte> input_;
    std::size_t piece_;
    std::size_t at_ = 0;
};

class Recorder final : public FrameHandler {
  public:
    Status take(const FrameHeader& header, std::vector<std::byte> body) override {
        taken.emplace_back(header, std::move(body));
        return {};
    }
    Result<std::span<std::byte>> place(const FrameHeader& header) override {
        bulk.resize(header.length);
        return drop ? std::span<std::byte>() : std::span(bulk);
    }
    void arrived(const FrameHeader&) override { ++arrived_count; }
    std::optional<BulkFrame> next() override { return std::exchange(outgoing, std::nullopt); }
    void handed_over(const FrameHeader&) override { ++handed_count; }

    std::vector<std::pair<FrameHeader, std::vector<std::byte>>> taken;
    std::vector<std::byte> bulk;
    std::optional<BulkFrame> outgoing;
    bool drop = false;
    int arrived_count = 0, handed_count = 0;
};

std::vector<std::byte> noise(std::size_t size, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
    return bytes;
}

FrameHeader header_of(FrameKind kind, std::size_t length) {
    FrameHeader header;
    header.kind = kind;
    header.length = static_cast<std::uint32_t>(length);
    return header;
}

Connection connection_over(std::vector<std::byte> input, std::size_t piece) {
    return Connection(std::make_unique<ScriptedStream>(std::move(input), piece));
}

const std::vector<std::byte>& output_of(Connection& connection) {
    return static_cast<ScriptedStream&>(connection.stream()).output;
}

// The bytes of two messages around one bulk frame.
std::vector<std::byte> three_frames(std::size_t piece) {
    Connection connection = connection_over({}, piece);
    Recorder recorder;
    const auto first = noise(100, 1), bulk = noise(5000, 2), second = noise(1, 3);
    connection.queue(header_of(FrameKind::message, 100), first);
    for (int i = 0; i < 200; ++i) REQUIRE(connection.write(recorder));
    recorder.outgoing = BulkFrame{header_of(FrameKind::result, 5000), bulk};
    REQUIRE(connection.write(recorder));
    connection.queue(header_of(FrameKind::message, 1), second);
    for (int i = 0; i < 6000 && !connection.is_idle(); ++i) REQUIRE(connection.write(recorder));
    CHECK(connection.is_idle());
    CHECK(connection.queued_bytes() == 0);
    CHECK(recorder.handed_count == 1);
    return output_of(connection);
}

}  // namespace

TEST_CASE("frames leave whole and in order, however little the socket takes at a time") {
    const std::vector<std::byte> expected = three_frames(1'000'000);
    CHECK(expected.size() == 3 * frame_header_bytes + 5101);
    for (std::size_t piece : {1u, 39u, 40u, 41u, 4096u}) CHECK(three_frames(piece) == expected);
}

TEST_CASE("frames are put together, however little the socket gives at a time") {
    for (std::size_t piece : {1u, 39u, 40u, 41u, 4096u, 1'000'000u}) {
        for (bool drop : {false, true}) {
            Connection connection = connection_over(three_frames(4096), piece);
            Recorder recorder;
            recorder.drop = drop;
            while (connection.has_unread()) REQUIRE(connection.read(recorder));
            REQUIRE(recorder.taken.size() == 2);
            CHECK(recorder.taken[0].second == noise(100, 1));
            CHECK(recorder.taken[1].second == noise(1, 3));
            CHECK(recorder.arrived_count == (drop ? 0 : 1));
            CHECK((recorder.bulk == noise(5000, 2)) == !drop);
        }
    }
}

TEST_CASE("what a released key has begun is sent to its end from a copy") {
    Connection connection = connection_over({}, 1000);
    Recorder recorder;
    std::vector<std::byte> body = noise(5000, 2);
    recorder.outgoing = BulkFrame{header_of(FrameKind::result, 5000), body};
    REQUIRE(connection.write(recorder));
    connection.release({});
    std::fill(body.begin(), body.end(), std::byte{0});
    while (!connection.is_idle()) REQUIRE(connection.write(recorder));
    const std::vector<std::byte> sent(output_of(connection).begin() + frame_header_bytes,
                                      output_of(connection).end());
    CHECK(sent == noise(5000, 2));
}

TEST_CASE("garbage ends the connection and nothing else") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        std::vector<std::byte> bytes = three_frames(4096);
        Random random(seed);
        const std::size_t hit = random.below(bytes.size());
        bytes[hit] = static_cast<std::byte>(random.next());
        Connection connection = connection_over(bytes, 1 + random.below(5000));
        Recorder recorder;
        Status status;
        while (status && connection.has_unread()) status = connection.read(recorder);
        if (!status) CHECK(status.error().code == Code::corrupted);
    }
    Connection connection = connection_over(noise(1000, 9), 1000);
    Recorder recorder;
    CHECK(!connection.read(recorder));
}
