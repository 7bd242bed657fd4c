// Server-sent events to one client: a handle that anybody may send with, and a buffer that has an end.
//
// Why: a client that reads slowly must not hold our memory. What it has not taken yet is bounded; who falls
// behind is dropped with a reason and comes back with Last-Event-ID. An event that goes to many clients is
// made once (EventBytes) and shared.
//
// Thread rule: every function is safe from any thread. send() never waits. Callbacks come on the thread of
// the connection and must be quick.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace euromesh::federation {

using EventBytes = std::shared_ptr<const std::string>;

// The wire form. Line breaks in `data` become several data lines; control characters in id and type are left
// out, for they would be other fields. An empty type means "message", an empty id none.
EventBytes make_event(std::string_view id, std::string_view type, std::string_view data);
EventBytes make_heartbeat();

enum class StreamEnd { open, client_left, too_slow, finished, server_stops, too_many };
std::string_view name_of(StreamEnd end);

class EventStream {
  public:
    // `wake` is called when there is something to take and nobody has been woken yet.
    EventStream(std::size_t buffer_bytes, std::function<void()> wake)
        : buffer_bytes_(buffer_bytes), wake_(std::move(wake)) {}

    // false: the stream has ended, nothing was sent. Too much unsent ends it.
    bool send(const EventBytes& event);
    // As many as there is room for, from the first on; how many. One that no empty buffer could hold ends it.
    std::size_t send_some(std::span<const EventBytes> events);
    // What waits is still sent.
    void finish();
    StreamEnd end() const;
    // Called once, also when the stream has ended already.
    void on_end(std::function<void(StreamEnd)> callback);
    std::uint64_t sent_events() const;

    // For the connection: what waits, joined, at most about `most` bytes; empty: nothing.
    std::string take(std::size_t most);
    void close(StreamEnd end);

  private:
    void end_with(StreamEnd end);

    mutable std::mutex mutex_;
    std::size_t buffer_bytes_;
    std::function<void()> wake_;
    std::deque<EventBytes> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::uint64_t sent_events_ = 0;
    bool woken_ = false;
    StreamEnd end_ = StreamEnd::open;
    std::function<void(StreamEnd)> callback_;
};

}  // namespace euromesh::federation
