// A few bytes back and forth over a fresh stream, before it is handed on: the greeting of a proxy or a hub.
//
// Why: such greetings are strictly one after another; written as blocking calls they read like their RFC. It
// never takes a byte more than asked for: the rest belongs to whoever uses the stream next.
//
// Thread rule: one thread, which may wait (a Way's). Looks at `stop` at least every 50 ms (cancelled).
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::sync {

// Waits until the socket can be read or written: true; or `deadline` has come: false; or the stop: cancelled.
Result<bool> wait_for(const os::Socket& socket, bool to_write, const Clock& clock, Nanoseconds deadline,
                      const std::stop_token& stop);

class Dialogue {
  public:
    // `who` names the other side in errors: "proxy proxy.example:1080".
    Dialogue(os::Socket& socket, const Clock& clock, Nanoseconds limit, std::stop_token stop,
             std::string who);

    // From here on it may take as long as it likes.
    void wait_without_limit() { deadline_ = Nanoseconds::max(); }

    Status send(std::span<const std::byte> bytes);
    Status send(std::string_view text);
    // Exactly that many.
    Status receive(std::span<std::byte> room);
    // Up to and with `end`. corrupted: it does not come within `most` bytes.
    Result<std::string> receive_until(std::string_view end, std::size_t most);
    // A length as four bytes, the least first, then that many: the form of hub messages.
    Status send_message(std::string_view text);
    Result<std::string> receive_message(std::size_t most);

    const std::string& who() const { return who_; }

  private:
    Status wait(bool to_write);
    Error told(const Error& error) const { return error.within(who_); }

    os::Socket& socket_;
    const Clock& clock_;
    Nanoseconds deadline_;
    std::stop_token stop_;
    std::string who_;
};

}  // namespace euromesh::sync
