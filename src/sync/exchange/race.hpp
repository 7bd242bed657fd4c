// Connects to whichever address of a host answers first.
//
// Why: a name often resolves to an IPv6 address that leads nowhere from this site; waiting for it to time out
// costs minutes. As RFC 8305 ("happy eyeballs") says: families take turns, the next attempt begins when the
// one before has failed, or 150 ms after it began; the first that connects wins and the others are closed. So
// a dead address costs at most 150 ms.
//
// Thread rule: one thread, which may wait (a Way's); looks at `stop` at least every 50 ms.
#pragma once

#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::sync {

// RFC 8305 section 5 recommends 250 ms and allows 100 ms to 2 s.
inline constexpr Nanoseconds attempt_delay = std::chrono::milliseconds(150);

// The first address keeps its place; from there the families take turns, each in its own order.
std::vector<os::Address> take_turns(const std::vector<os::Address>& addresses);

// `addresses` is not empty. unavailable: nobody answers (the reason of the last); not_found: the options name
// an interface that does not exist; cancelled.
Result<os::Socket> race(const std::vector<os::Address>& addresses, const os::SocketOptions& options,
                        const Clock& clock, Nanoseconds limit, const std::stop_token& stop);

}  // namespace euromesh::sync
