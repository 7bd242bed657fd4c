// One connection of several: tether headers with the bodies of segments, in and out, without blocking.
//
// Thread rule: none shared. Invariants: a body is given only when it is whole and its digest is right; what
// waits to be sent is at most one segment and the headers queued meanwhile. A body that nobody wants is read
// and dropped. It does not: know offsets, sessions, or when to dial again.
#pragma once

#include <functional>
#include <vector>

#include "base/os/socket.hpp"
#include "sync/exchange/tether_wire.hpp"

namespace euromesh::sync {

// The largest that is taken; what is sent is smaller (StreamsConfig).
inline constexpr std::uint32_t streams_segment_most = 1u << 20;

class StreamLine {
  public:
    // Whether the body that follows is worth keeping. corrupted, bad_input: the connection is of no use.
    using Wants = std::function<Result<bool>(const TetherHeader&)>;
    // One whole header, with its body if that was wanted.
    using Take = std::function<Status(const TetherHeader&, std::vector<std::byte> body)>;

    explicit StreamLine(os::Socket connection) : socket_(std::move(connection)) {}

    const os::Socket& socket() const { return socket_; }
    bool is_idle() const { return sent_ == output_.size(); }
    void queue(std::span<const std::byte> bytes);
    // Copies the body: a segment may be acknowledged by another connection while this one still sends it.
    void queue(TetherHeader header, std::span<const std::byte> body = {});
    // unavailable: the connection is closed or broken.
    Status write();
    // What is there, at most about 1 MiB.
    Status read(const Wants& wants, const Take& take);

  private:
    Result<bool> fill(std::span<std::byte> room, std::size_t& filled);
    Result<bool> read_header(const Wants& wants);
    Result<bool> read_body();
    Status hand_over(const Take& take);

    os::Socket socket_;
    std::vector<std::byte> output_;
    std::size_t sent_ = 0;

    TetherHeaderBytes head_{};
    std::size_t head_filled_ = 0, body_filled_ = 0;
    TetherHeader header_;
    bool wanted_ = false;
    std::vector<std::byte> body_;
};

}  // namespace euromesh::sync
