#include "federation/service/event_hub.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t missed_at_once = 1000;
constexpr std::size_t text_most = 64u << 10;
// Nothing is on its way to the client while the missed ones are gathered: they must fit into its buffer.
constexpr std::size_t missed_most_bytes = 128u << 10;

// One entry may be larger than a stream's whole buffer: then its place is told, and the API has the rest.
EventBytes bytes_of(const Happening& happening) {
    const std::string seq = std::to_string(happening.seq);
    if (happening.text.size() <= text_most) return make_event(seq, happening.type, happening.text);
    const Json instead = {{"seq", happening.seq},
                          {"type", happening.type},
                          {"job", happening.job},
                          {"left_out_bytes", happening.text.size()}};
    return make_event(seq, happening.type, instead.dump());
}

}  // namespace

EventHub::EventHub(Coordinator& coordinator) : coordinator_(coordinator) {
    coordinator.on_event([this](const Happening& happening) { hear(happening); });
}

bool EventHub::concerns(const Ear& ear, const Happening& happening) const {
    if (!ear.job.empty() && happening.job != ear.job) return false;
    return coordinator_.read([&](const Core& core) { return sees(core.tables(), ear.actor, happening); });
}

void EventHub::hear(const Happening& happening) {
    const std::lock_guard lock(mutex_);
    EventBytes bytes;
    for (auto ear = ears_.begin(); ear != ears_.end();) {
        bool open = ear->stream->end() == StreamEnd::open;
        if (open && happening.seq > ear->had && concerns(*ear, happening)) {
            if (!bytes) bytes = bytes_of(happening);
            open = ear->stream->send(bytes);
        }
        ear = open ? std::next(ear) : ears_.erase(ear);
    }
}

// Until the log has no more, or the stream little room: then it ends, and the client comes back for the rest.
void EventHub::send_missed(Ear& ear) {
    std::size_t sent = 0;
    while (ear.stream->end() == StreamEnd::open) {
        const auto entries = coordinator_.entries(static_cast<std::uint64_t>(ear.had) + 1, missed_at_once);
        if (!entries || entries->empty()) return;
        for (const std::string& entry : *entries) {
            const auto event = decode_event(entry);
            if (!event) return;
            ear.had = event->seq;
            const Happening happening =
                coordinator_.read([&](const Core& core) { return happening_of(*event, core.tables()); });
            if (!concerns(ear, happening)) continue;
            const EventBytes bytes = bytes_of(happening);
            sent += bytes->size();
            if (!ear.stream->send(bytes)) return;
            if (sent > missed_most_bytes) return ear.stream->finish();
        }
    }
}

// No event falls between the missed ones and the new ones: none is told meanwhile. One that is durable, but
// not told yet, may be among the missed: hear() then passes it over.
void EventHub::add(std::shared_ptr<EventStream> stream, Actor actor, std::string job, std::int64_t after) {
    const std::lock_guard lock(mutex_);
    Ear ear{std::move(stream), std::move(actor), std::move(job), after};
    if (after >= 0) send_missed(ear);
    ears_.push_back(std::move(ear));
}

std::size_t EventHub::listeners() const {
    const std::lock_guard lock(mutex_);
    return ears_.size();
}

}  // namespace euromesh::federation
