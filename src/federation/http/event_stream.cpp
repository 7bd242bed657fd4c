#include "federation/http/event_stream.hpp"

#include <algorithm>
#include <utility>

namespace euromesh::federation {
namespace {

constexpr std::string_view end_names[] = {"open",     "client left",  "too slow",
                                          "finished", "server stops", "too many"};

std::string without_controls(std::string_view text) {
    std::string out(text);
    std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    return out;
}

}  // namespace

EventBytes make_event(std::string_view id, std::string_view type, std::string_view data) {
    std::string text;
    if (!id.empty()) text += "id: " + without_controls(id) + "\n";
    if (!type.empty()) text += "event: " + without_controls(type) + "\n";
    // CR, LF and CRLF all end a line in the format; each must begin a data line of its own.
    while (true) {
        const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
        text.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == data.size()) break;
        data.remove_prefix(data.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
    }
    return std::make_shared<const std::string>(text + "\n");
}

EventBytes make_heartbeat() {
    return std::make_shared<const std::string>(": still here\n\n");
}

std::string_view name_of(StreamEnd end) {
    return end_names[static_cast<std::size_t>(end)];
}

bool EventStream::send(const EventBytes& event) {
    bool wakes = false, overflows = false;
    {
        const std::lock_guard lock(mutex_);
        if (end_ != StreamEnd::open) return false;
        overflows = waiting_bytes_ + event->size() > buffer_bytes_;
        if (!overflows) {
            waiting_.push_back(event);
            waiting_bytes_ += event->size();
            ++sent_events_;
            wakes = !woken_;
            woken_ = true;
        }
    }
    if (overflows) close(StreamEnd::too_slow);
    if (wakes) wake_();
    return !overflows;
}

std::size_t EventStream::send_some(std::span<const EventBytes> events) {
    std::size_t taken = 0;
    bool wakes = false, can_never = false;
    {
        const std::lock_guard lock(mutex_);
        if (end_ != StreamEnd::open) return 0;
        while (taken < events.size() && waiting_bytes_ + events[taken]->size() <= buffer_bytes_) {
            waiting_bytes_ += events[taken]->size();
            waiting_.push_back(events[taken++]);
        }
        can_never = taken < events.size() && events[taken]->size() > buffer_bytes_;
        sent_events_ += taken;
        wakes = taken > 0 && !std::exchange(woken_, woken_ || taken > 0);
    }
    if (can_never) close(StreamEnd::too_slow);
    if (wakes) wake_();
    return taken;
}

void EventStream::finish() {
    end_with(StreamEnd::finished);
}

void EventStream::close(StreamEnd end) {
    end_with(end);
}

void EventStream::end_with(StreamEnd end) {
    std::function<void(StreamEnd)> callback;
    {
        const std::lock_guard lock(mutex_);
        if (end_ != StreamEnd::open) return;
        end_ = end;
        if (end != StreamEnd::finished) waiting_.clear();
        callback = std::exchange(callback_, nullptr);
    }
    if (callback) callback(end);
    wake_();
}

StreamEnd EventStream::end() const {
    const std::lock_guard lock(mutex_);
    return end_;
}

std::uint64_t EventStream::sent_events() const {
    const std::lock_guard lock(mutex_);
    return sent_events_;
}

void EventStream::on_end(std::function<void(StreamEnd)> callback) {
    StreamEnd end = StreamEnd::open;
    {
        const std::lock_guard lock(mutex_);
        end = end_;
        if (end == StreamEnd::open) callback_ = std::move(callback);
    }
    if (end != StreamEnd::open) callback(end);
}

std::string EventStream::take(std::size_t most) {
    std::string bytes;
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty() && (bytes.empty() || bytes.size() + waiting_.front()->size() <= most)) {
        bytes += *waiting_.front();
        waiting_bytes_ -= waiting_.front()->size();
        waiting_.pop_front();
    }
    if (bytes.empty()) woken_ = false;
    return bytes;
}

}  // namespace euromesh::federation
