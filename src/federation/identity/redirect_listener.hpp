// Where a browser comes back to after a log-in: one port of this machine, for one answer (RFC 8252
// section 7.3).
//
// It reads at most 16 KiB a visitor, one visitor at a time, answers with a line of text, and takes only a GET
// of its own path: browsers also ask for icons. Thread rule: one thread.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::federation {

class RedirectListener {
  public:
    static Result<RedirectListener> open();

    std::string url() const;  // "http://127.0.0.1:PORT/back"
    // The query that the browser brought. cancelled: stopped; refused: nobody came in time.
    Result<std::string> wait(const Clock& clock, Nanoseconds patience, const std::stop_token& stop = {});

  private:
    explicit RedirectListener(os::Socket listener) : listener_(std::move(listener)) {}
    os::Socket listener_;
};

}  // namespace euromesh::federation
