#include "federation/service/event_hub.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

constexpr std::size_t missed_at_once = 1000;
constexpr std::size_t text_most = 64u << 10;
// Nothing is on its way to the client while the missed ones are gathered: they must fit into its buffer.
constexpr std::size_t missed_most_bytes = 128u << 10;
// Of events that go out together: a stream's write costs more than an event.
constexpr auto round_period = std::chrono::milliseconds(10);
constexpr std::size_t sent_at_once = 256;

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

// Tells a client how far it is, and nothing else: an id without data is no event.
EventBytes make_place(std::int64_t seq) {
    return std::make_shared<const std::string>(fmt::format("id: {}\n\n", seq));
}

bool is_same_audience(const Happening& a, const Happening& b) {
    return a.audience == b.audience && a.project == b.project;
}

}  // namespace

EventHub::EventHub(Coordinator& coordinator, EventHubOptions options)
    : coordinator_(coordinator), options_(options) {
    coordinator.on_event([this](const Happening& happening) { hear(happening); });
    {
        const std::lock_guard lock(arriving_mutex_);
        heard_ = std::max(heard_, static_cast<std::int64_t>(coordinator.durable()) - 1);
    }
    thread_ = os::Thread([this](const std::stop_token& stop) { work_until(stop); });
}

EventHub::~EventHub() {
    stop();
}

void EventHub::stop() {
    {
        const std::lock_guard lock(arriving_mutex_);
        is_stopped_ = true;
        arriving_.clear();
    }
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

// On the log's thread: only noted.
void EventHub::hear(const Happening& happening) {
    {
        const std::lock_guard lock(arriving_mutex_);
        heard_ = happening.seq;
        if (is_stopped_ || ear_count_.load() == 0) return;
        arriving_.push_back(happening);
    }
    arrives_.notify_one();
}

void EventHub::work_until(const std::stop_token& stop) {
    bool is_somebody_behind = false;
    std::mutex pause_mutex;
    std::condition_variable_any pause;
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(arriving_mutex_);
            const auto has_news = [this] { return !arriving_.empty(); };
            if (is_somebody_behind)
                arrives_.wait_for(lock, stop, round_period, has_news);
            else
                arrives_.wait(lock, stop, has_news);
        }
        if (stop.stop_requested()) return;
        is_somebody_behind = tell_all();
        std::unique_lock lock(pause_mutex);
        pause.wait_for(lock, stop, round_period, [] { return false; });
    }
}

// ears: locked. What has arrived becomes part of what is kept.
void EventHub::take_in() {
    std::vector<Happening> arrived;
    {
        const std::lock_guard lock(arriving_mutex_);
        arrived.swap(arriving_);
    }
    for (Happening& one : arrived) {
        // While nobody listened nothing was kept.
        if (!recent_.empty() && recent_.back().happening.seq + 1 != one.seq) {
            recent_.clear();
            recent_bytes_ = 0;
        }
        recent_bytes_ += one.text.size();
        recent_.push_back({std::move(one)});
    }
}

// Few audiences stand behind many events: who sees what is asked once for each.
std::vector<EventHub::Scope> EventHub::scopes_of_round(std::int64_t first) {
    std::vector<Scope> scopes;
    for (Told& told : recent_) {
        if (told.happening.seq < first) continue;
        const auto known = std::find_if(scopes.begin(), scopes.end(), [&](const Scope& scope) {
            return is_same_audience(*scope.example, told.happening);
        });
        told.scope = static_cast<std::size_t>(known - scopes.begin());
        if (known == scopes.end()) scopes.push_back({&told.happening, {}});
    }
    coordinator_.read([&](const Core& core) {
        for (Scope& scope : scopes) {
            for (const Ear& ear : ears_)
                scope.seen_by.push_back(sees(core.tables(), ear.actor, *scope.example));
        }
        return 0;
    });
    return scopes;
}

// Whether somebody has not heard all.
bool EventHub::tell_all() {
    const std::lock_guard lock(mutex_);
    take_in();
    if (recent_.empty()) return false;
    const std::int64_t end = recent_.back().happening.seq + 1;
    std::int64_t first = end;
    for (const Ear& ear : ears_) first = std::min(first, ear.next);
    const std::vector<Scope> scopes = scopes_of_round(first);
    bool is_somebody_behind = false;
    std::size_t number = 0;
    for (auto ear = ears_.begin(); ear != ears_.end(); ++number) {
        const bool stays = tell(*ear, number, scopes);
        is_somebody_behind = is_somebody_behind || (stays && ear->next < end);
        ear = stays ? std::next(ear) : ears_.erase(ear);
    }
    ear_count_ = ears_.size();
    // Only now: a burst larger than what is kept must reach whoever has room for it.
    while (recent_bytes_ > options_.recent_bytes && recent_.size() > 1) {
        recent_bytes_ -= recent_.front().happening.text.size();
        recent_.pop_front();
    }
    return is_somebody_behind;
}

// False: it has left, or has to.
bool EventHub::tell(Ear& ear, std::size_t number, const std::vector<Scope>& scopes) {
    if (ear.stream->end() != StreamEnd::open) return false;
    const std::int64_t oldest = recent_.front().happening.seq;
    const std::int64_t end = recent_.back().happening.seq + 1;
    if (ear.next < oldest) {
        ear.stream->close(StreamEnd::too_slow);
        return false;
    }
    std::vector<EventBytes> sent;
    std::vector<std::int64_t> numbers;
    for (std::int64_t at = ear.next; at < end; ++at) {
        Told& told = recent_[static_cast<std::size_t>(at - oldest)];
        const bool concerns =
            (ear.job.empty() || told.happening.job == ear.job) && scopes[told.scope].seen_by[number];
        if (!concerns) continue;
        if (!told.bytes) told.bytes = bytes_of(told.happening);
        sent.push_back(told.bytes);
        numbers.push_back(at);
        if (sent.size() == sent_at_once) break;
    }
    const std::size_t taken = sent.empty() ? 0 : ear.stream->send_some(sent);
    if (taken < sent.size())
        ear.next = numbers[taken];
    else
        ear.next = std::max(ear.next, sent.size() == sent_at_once ? numbers.back() + 1 : end);
    return ear.stream->end() == StreamEnd::open;
}

bool EventHub::sees_now(const Ear& ear, const Happening& happening) const {
    if (!ear.job.empty() && happening.job != ear.job) return false;
    return coordinator_.read([&](const Core& core) { return sees(core.tables(), ear.actor, happening); });
}

// Until the log has no more, the stream little room, or it takes too long: then it ends, and the client comes
// back for the rest.
void EventHub::send_missed(Ear& ear) {
    std::size_t sent = 0, gone_through = 0;
    while (ear.stream->end() == StreamEnd::open) {
        const auto entries = coordinator_.entries(static_cast<std::uint64_t>(ear.next),
                                                  std::min(missed_at_once, options_.missed_entries));
        if (!entries || entries->empty()) return;
        for (const std::string& entry : *entries) {
            const auto event = decode_event(entry);
            if (!event) return;
            ear.next = event->seq + 1;
            const Happening happening =
                coordinator_.read([&](const Core& core) { return happening_of(*event, core.tables()); });
            if (!sees_now(ear, happening)) continue;
            const EventBytes bytes = bytes_of(happening);
            sent += bytes->size();
            if (!ear.stream->send(bytes)) return;
            if (sent > missed_most_bytes) return ear.stream->finish();
        }
        gone_through += entries->size();
        if (gone_through < options_.missed_entries) continue;
        ear.stream->send(make_place(ear.next - 1));
        return ear.stream->finish();
    }
}

// No event falls between the missed ones and the new ones: from here on all are kept, and those that were
// among the missed are passed over by their number.
void EventHub::add(std::shared_ptr<EventStream> stream, Actor actor, std::string job, std::int64_t after) {
    const std::lock_guard lock(mutex_);
    Ear ear{std::move(stream), std::move(actor), std::move(job), after + 1};
    {
        const std::lock_guard arriving(arriving_mutex_);
        ++ear_count_;
        if (after < 0) ear.next = heard_ + 1;
    }
    if (after >= 0) send_missed(ear);
    ears_.push_back(std::move(ear));
}

std::size_t EventHub::listeners() const {
    const std::lock_guard lock(mutex_);
    return ears_.size();
}

}  // namespace euromesh::federation
