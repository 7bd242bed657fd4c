// Two sockets joined: what one sends the other gets, both ways, unread.
//
// Why: a hub (and a small proxy of a test) carries bytes that it does not understand. Each direction has one
// buffer; when it is full nothing more is read, so that the kernel tells the sender to wait. An end in one
// direction is passed on after the last byte; the other direction goes on.
//
// Thread rule: one thread, non-blocking. Memory: 2 * pair_buffer_bytes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/os/socket.hpp"

namespace euromesh::sync {

inline constexpr std::size_t pair_buffer_bytes = 256u << 10;

class StreamPair {
  public:
    StreamPair(os::Socket first, os::Socket second);

    // What to wait for; put the answers back with step(), in this order.
    std::array<os::WaitItem, 2> waits() const;
    // false: it is over: both directions have ended, or one side is broken.
    bool step(const os::WaitItem& first, const os::WaitItem& second);

    // One direction has ended: the other is expected to end soon.
    bool is_ending() const { return ways_[0].ended || ways_[1].ended; }
    // From the first to the second, and back.
    std::uint64_t carried_bytes(std::size_t direction) const { return ways_[direction].carried; }

  private:
    struct Direction {
        std::vector<std::byte> buffer = std::vector<std::byte>(pair_buffer_bytes);
        std::size_t begin = 0, end = 0;
        std::uint64_t carried = 0;
        bool ended = false;   // the source has
        bool passed = false;  // and the destination knows
    };
    static Status move(Direction& way, os::Socket& from, os::Socket& to);

    std::array<os::Socket, 2> sockets_;
    std::array<Direction, 2> ways_;
};

}  // namespace euromesh::sync
