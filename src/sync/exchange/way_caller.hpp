// Calls Way::connect() in a thread of its own, once at a time, and keeps what came of it.
//
// Why: making a stream may take as long as a look-up, a proxy or a peer that is not there yet; the mesh goes
// on meanwhile and is woken when it has ended. Thread rule: all members belong to the mesh's thread.
//
// Invariants: no call runs after the destructor; a stream that nobody takes is closed. ask_to_stop() for all
// callers first lets them end side by side.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "base/os/socket.hpp"
#include "base/os/thread.hpp"
#include "sync/exchange/way.hpp"

namespace euromesh::sync {

class WayCaller {
  public:
    WayCaller(std::shared_ptr<Way> way, os::Waker& waker) : way_(std::move(way)), waker_(&waker) {}
    WayCaller(const WayCaller&) = delete;
    WayCaller& operator=(const WayCaller&) = delete;
    ~WayCaller() { ask_to_stop(); }

    // Not while one is under way.
    void begin();
    bool is_calling() const { return calling_; }
    // What the call came to, once.
    std::optional<Result<Arrival>> take();
    void ask_to_stop() { thread_.request_stop(); }
    const Way& way() const { return *way_; }

  private:
    void call(const std::stop_token& stop);

    std::shared_ptr<Way> way_;
    os::Waker* waker_;
    bool calling_ = false;
    std::mutex mutex_;
    std::optional<Result<Arrival>> outcome_;  // under mutex_
    os::Thread thread_;                       // last: joined before the rest goes
};

}  // namespace euromesh::sync
