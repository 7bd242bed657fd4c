// Frames over one stream: the part of a mesh that moves bytes and knows nothing of sites.
//
// Small frames are copied into a queue when sent and into a vector when received. Bulk bodies are neither:
// they go from and to memory that the handler names, as fast as the socket takes and gives them.
//
// Thread rule: one thread. Invariants: frames leave whole and in order, queued ones before bulk; what was
// promised in a header is sent even if its key has been released since.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/os/tls.hpp"
#include "sync/exchange/frame.hpp"

namespace euromesh::sync {

struct BulkFrame {
    FrameHeader header;
    std::span<const std::byte> body;
};

// Called from within read() and write(). An error ends the connection.
class FrameHandler {
  public:
    virtual ~FrameHandler() = default;
    virtual Status take(const FrameHeader& header, std::vector<std::byte> body) = 0;
    // Room for a bulk body; an empty span: drop it.
    virtual Result<std::span<std::byte>> place(const FrameHeader& header) = 0;
    virtual void arrived(const FrameHeader& header) = 0;
    virtual std::optional<BulkFrame> next() = 0;
    virtual void handed_over(const FrameHeader& header) = 0;
};

class Connection {
  public:
    explicit Connection(std::unique_ptr<os::Stream> stream) : stream_(std::move(stream)) {}

    // One turn: what is there and fits in the turn's budget, so that peers share the thread.
    Status read(FrameHandler& handler);
    Status write(FrameHandler& handler);

    void queue(const FrameHeader& header, std::span<const std::byte> body);
    std::size_t queued_bytes() const { return queued_bytes_; }

    // The socket was full, or the turn's budget was used up: go on when the socket is writable.
    bool is_blocked() const { return blocked_; }
    // Something waits inside the process, so that read() need not wait for the socket.
    bool has_unread() const { return stream_->has_unread(); }
    // Everything that was queued or begun has gone to the kernel.
    bool is_idle() const { return !sending_ && queue_.empty() && !stream_->has_unsent(); }

    // Memory of this key is not touched any more: the rest of a body is sent from a copy, or dropped.
    void release(const ReduceKey& key);

    os::Stream& stream() { return *stream_; }
    const os::Stream& stream() const { return *stream_; }

  private:
    struct Outgoing {
        FrameHeader header;
        FrameBytes head;
        std::span<const std::byte> body;
        std::vector<std::byte> copy;
        std::size_t sent = 0;
        bool bulk = false;
    };
    bool take_next(FrameHandler& handler);
    Status write_turn(FrameHandler& handler);
    Status begin_body(FrameHandler& handler);
    Status end_body(FrameHandler& handler);
    std::span<std::byte> room();
    Status advance(FrameHandler& handler, std::size_t got);

    std::unique_ptr<os::Stream> stream_;

    std::deque<Outgoing> queue_;
    std::size_t queued_bytes_ = 0;
    std::optional<Outgoing> sending_;
    std::vector<FrameHeader> unconfirmed_;  // written, but perhaps not yet with the kernel
    bool blocked_ = false;

    FrameBytes head_{};
    std::size_t head_got_ = 0;
    FrameHeader header_;
    std::span<std::byte> place_;  // bulk body; empty while it is dropped
    std::vector<std::byte> body_;
    std::size_t body_got_ = 0;
    std::vector<std::byte> dropped_;
};

}  // namespace euromesh::sync
