// A connection that is fed any stream in pieces of any size, with a handler that takes, drops, refuses and
// releases. What it hands out, written again, is what it was fed.
#include "sync/exchange/connection.hpp"

#include <map>

#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

constexpr std::size_t room_most = 64u << 10;

class FedStream final : public os::Stream {
  public:
    FedStream(Input input, std::size_t piece) : os::Stream(os::Socket()), input_(input), piece_(piece) {}
    Result<bool> handshake() override { return true; }
    os::PeerIdentity identity() const override { return {}; }
    Result<std::size_t> read(std::span<std::byte> room) override {
        const auto got = input_.take(std::min(room.size(), piece_));
        std::ranges::copy(got, room.begin());
        return got.size();
    }
    Result<std::size_t> write(std::span<const std::byte> head, std::span<const std::byte> body) override {
        return head.size() + body.size();
    }
    Result<bool> flush() override { return true; }
    bool has_unsent() const override { return false; }
    bool has_unread() const override { return !input_.is_empty(); }

  private:
    Input input_;
    std::size_t piece_;
};

class Taker final : public sync::FrameHandler {
  public:
    Status take(const sync::FrameHeader& header, std::vector<std::byte> body) override {
        EM_ASSERT(body.size() == header.length && body.size() <= sync::message_max_bytes,
                  "a body is as long as announced, within the limit");
        note(header, body);
        return {};
    }
    Result<std::span<std::byte>> place(const sync::FrameHeader& header) override {
        EM_ASSERT(header.length <= sync::bulk_max_bytes, "a bulk body is within the limit");
        if (header.key.fragment % 4 == 1) return fail(Code::corrupted, "not wanted");
        if (header.key.fragment % 4 == 2 || header.length > room_most) {
            dropped_ = true;
            return std::span<std::byte>();
        }
        // Without a byte there is nothing to arrive.
        dropped_ = dropped_ || header.length == 0;
        bodies_[header.key].assign(header.length, std::byte{0});
        return std::span(bodies_[header.key]);
    }
    void arrived(const sync::FrameHeader& header) override { note(header, bodies_.at(header.key)); }
    std::optional<sync::BulkFrame> next() override { return std::nullopt; }
    void handed_over(const sync::FrameHeader&) override {}

    // As a reduction that ends does: its memory goes.
    void release_all(sync::Connection& connection) {
        for (const auto& [key, body] : bodies_) connection.release(key);
        dropped_ = dropped_ || !bodies_.empty();
        bodies_.clear();
    }
    bool has_dropped() const { return dropped_; }
    const std::vector<std::byte>& seen() const { return seen_; }

  private:
    void note(const sync::FrameHeader& header, std::span<const std::byte> body) {
        const sync::FrameBytes head = sync::encode_frame(header);
        seen_.insert(seen_.end(), head.begin(), head.end());
        seen_.insert(seen_.end(), body.begin(), body.end());
    }

    std::map<sync::ReduceKey, std::vector<std::byte>> bodies_;
    std::vector<std::byte> seen_;
    bool dropped_ = false;
};

}  // namespace

void try_input(Input input) {
    const std::size_t piece = 1 + input.word();
    const std::size_t release_every = 1 + input.byte();
    const auto fed = input.rest();
    sync::Connection connection(std::make_unique<FedStream>(input, piece));
    Taker taker;
    for (std::size_t turn = 1; connection.has_unread(); ++turn) {
        if (!connection.read(taker)) break;
        if (turn % release_every == 0) taker.release_all(connection);
    }
    if (taker.has_dropped()) return;
    EM_ASSERT(
        taker.seen().size() <= fed.size() && std::ranges::equal(taker.seen(), fed.first(taker.seen().size())),
        "what is handed out is what came in");
}

}  // namespace euromesh::fuzz
