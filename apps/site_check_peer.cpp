#include "apps/site_check_peer.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include "sync/exchange/dialogue.hpp"

namespace euromesh::apps {
namespace {

constexpr std::size_t guests_most = 64, message_most = 64;
constexpr Nanoseconds idle_most = std::chrono::seconds(15);
// A counterpart greets as soon as it accepts: a round trip, and some patience.
constexpr Nanoseconds greeting_patience = std::chrono::seconds(2);
constexpr std::size_t piece = 256u << 10;

std::string framed(std::string_view text) {
    std::string bytes;
    for (std::size_t shift = 0; shift < 32; shift += 8)
        bytes.push_back(static_cast<char>(text.size() >> shift & 0xff));
    return bytes + std::string(text);
}

// The first message in `inbox`, taken out; nothing: not all of it is there.
Result<std::optional<std::string>> take_message(std::string& inbox) {
    if (inbox.size() < 4) return std::optional<std::string>();
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size |= std::size_t{static_cast<unsigned char>(inbox[i])} << (8 * i);
    if (size > message_most) return fail(Code::corrupted, "not a site check");
    if (inbox.size() < 4 + size) return std::optional<std::string>();
    std::string text = inbox.substr(4, size);
    inbox.erase(0, 4 + size);
    return std::optional<std::string>(std::move(text));
}

template <class T>
std::optional<T> number_in(std::string_view text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::span<std::byte> scratch() {
    static thread_local std::vector<std::byte> bytes(piece);
    return bytes;
}

// As much as goes without waiting, at most 16 pieces so that others get their turn.
Result<std::uint64_t> receive_some(os::Socket& socket) {
    std::uint64_t all = 0;
    for (int i = 0; i < 16; ++i) {
        const Result<std::size_t> got = socket.receive(scratch());
        if (!got && all == 0) return fail(got.error());
        if (!got || *got == 0) break;
        all += *got;
    }
    return all;
}

Result<std::uint64_t> send_some(os::Socket& socket) {
    // Never what somebody has sent.
    static const std::vector<std::byte> nothing(piece);
    const iovec zeros{const_cast<std::byte*>(nothing.data()), nothing.size()};
    std::uint64_t all = 0;
    for (int i = 0; i < 16; ++i) {
        EM_ASSIGN(const std::size_t sent, socket.send({&zeros, 1}));
        if (sent == 0) break;
        all += sent;
    }
    return all;
}

}  // namespace

Result<Counterpart> Counterpart::open(const os::Endpoint& listen, const Clock& clock) {
    EM_ASSIGN(os::Socket listener, os::Socket::listen(listen, {}));
    return Counterpart(std::move(listener), clock);
}

void Counterpart::poll(Nanoseconds timeout) {
    const Nanoseconds due =
        guests_.empty() ? timeout : std::min<Nanoseconds>(timeout, std::chrono::milliseconds(5));
    std::vector<os::WaitItem> items{{&listener_, guests_.size() < guests_most, false, false, false}};
    for (const Guest& guest : guests_) {
        const bool writes = guest.state == State::gives || !guest.outbox.empty();
        items.push_back({&guest.socket, true, writes, false, false});
    }
    os::wait_ready(items, due);
    std::size_t at = 1;
    for (auto guest = guests_.begin(); guest != guests_.end(); ++at)
        guest = serve(*guest, items[at].readable) ? std::next(guest) : guests_.erase(guest);
    if (items[0].readable) accept_all();
}

void Counterpart::accept_all() {
    while (guests_.size() < guests_most) {
        auto accepted = listener_.accept({});
        if (!accepted || !*accepted) return;
        Guest& guest = guests_.emplace_back(Guest{std::move(**accepted)});
        guest.active = clock_->monotonic();
        guest.outbox = framed(check_greeting);
    }
}

Status Counterpart::serve(Guest& guest, bool readable) {
    if (clock_->monotonic() - guest.active > idle_most) return fail(Code::unavailable, "idle");
    if (readable && guest.state == State::asked) EM_TRY(read_requests(guest));
    if (guest.state == State::takes) EM_TRY(take(guest));
    if (!guest.outbox.empty()) {
        const iovec bytes{guest.outbox.data(), guest.outbox.size()};
        EM_ASSIGN(const std::size_t sent, guest.socket.send({&bytes, 1}));
        guest.outbox.erase(0, sent);
    }
    return guest.state == State::gives ? give(guest) : Status{};
}

Status Counterpart::read_requests(Guest& guest) {
    std::byte bytes[4 + message_most];
    EM_ASSIGN(const std::size_t got, guest.socket.receive(bytes));
    guest.active = clock_->monotonic();
    guest.inbox.append(reinterpret_cast<const char*>(bytes), got);
    while (guest.state == State::asked) {
        EM_ASSIGN(const std::optional<std::string> request, take_message(guest.inbox));
        if (!request) return {};
        EM_TRY(answer(guest, *request));
    }
    return {};
}

Status Counterpart::answer(Guest& guest, std::string_view request) {
    ++answered_;
    if (request == "time") {
        if (guest.outbox.size() > 4096) return fail(Code::corrupted, "asks without listening");
        guest.outbox += framed(std::to_string(clock_->wall().count()));
        return {};
    }
    const bool takes = request.starts_with("take "), gives = request.starts_with("give ");
    const auto span = takes || gives ? number_in<std::int64_t>(request.substr(5)) : std::nullopt;
    if (!span || *span < 1 || std::chrono::milliseconds(*span) > check_longest)
        return fail(Code::corrupted, "not a request");
    guest.state = takes ? State::takes : State::gives;
    guest.span = std::chrono::milliseconds(*span);
    guest.since = clock_->monotonic();
    guest.taken = guest.inbox.size();
    return {};
}

Status Counterpart::take(Guest& guest) {
    EM_ASSIGN(const std::uint64_t got, receive_some(guest.socket));
    const Nanoseconds now = clock_->monotonic();
    if (got > 0 && guest.taken == 0) guest.since = now;
    if (got > 0) guest.active = now;
    guest.taken += got;
    if (guest.taken == 0 || guest.told || now - guest.since < guest.span) return {};
    guest.told = true;
    guest.outbox += framed(fmt::format("{} {}", guest.taken, (now - guest.since).count()));
    return {};
}

Status Counterpart::give(Guest& guest) {
    const Nanoseconds now = clock_->monotonic();
    if (now - guest.since > guest.span) return fail(Code::cancelled, "given");
    EM_ASSIGN(const std::uint64_t sent, send_some(guest.socket));
    if (sent > 0) guest.active = now;
    return {};
}

Result<os::Socket> call_counterpart(sync::Dialler& dialler, const os::Endpoint& endpoint,
                                    const Clock& clock) {
    EM_ASSIGN(os::Socket socket, dialler.dial(endpoint, {}));
    sync::Dialogue dialogue(socket, clock, greeting_patience, {}, endpoint.text());
    const Result<std::string> greeting = dialogue.receive_message(message_most);
    if (!greeting || *greeting != check_greeting)
        return fail(Code::not_found, "{}: no `euromesh site check --listen` answers", endpoint.text());
    return socket;
}

Result<PeerClock> ask_clock(os::Socket& socket, const Clock& clock) {
    PeerClock best;
    for (int i = 0; i < 5; ++i) {
        sync::Dialogue dialogue(socket, clock, std::chrono::seconds(5), {}, "counterpart");
        const Nanoseconds began = clock.monotonic(), wall = clock.wall();
        EM_TRY(dialogue.send_message("time"));
        EM_ASSIGN(const std::string text, dialogue.receive_message(message_most));
        const Nanoseconds took = clock.monotonic() - began;
        const auto there = number_in<std::int64_t>(text);
        // Seven centuries fit into the type; a year too far would not fit into the difference.
        if (!there || *there < 0) return fail(Code::corrupted, "counterpart: '{}' is no time", text);
        if (i == 0 || took < best.round_trip) best = {Nanoseconds(*there) - (wall + took / 2), took};
    }
    return best;
}

namespace {

// One connection of a measurement; its dialler holds the command, if that is how it goes out.
struct Lane {
    std::unique_ptr<sync::Dialler> dialler;
    os::Socket socket;
    std::uint64_t bytes = 0;
    Nanoseconds span{0};
    bool done = false;
};

Result<Lane> open_lane(const sync::ConnectorOptions& options, const os::Endpoint& endpoint,
                       std::string_view request, const Clock& clock) {
    Lane lane{std::make_unique<sync::Dialler>(options, clock), {}};
    EM_ASSIGN(lane.socket, call_counterpart(*lane.dialler, endpoint, clock));
    sync::Dialogue dialogue(lane.socket, clock, std::chrono::seconds(5), {}, endpoint.text());
    EM_TRY(dialogue.send_message(request));
    return lane;
}

Status take_report(Lane& lane, std::string_view report) {
    const std::size_t blank = report.find(' ');
    if (blank == std::string_view::npos) return fail(Code::corrupted, "counterpart: not a report");
    const auto bytes = number_in<std::uint64_t>(report.substr(0, blank));
    const auto span = number_in<std::int64_t>(report.substr(blank + 1));
    if (!bytes || !span || *span <= 0) return fail(Code::corrupted, "counterpart: not a report");
    lane.bytes = *bytes;
    lane.span = Nanoseconds(*span);
    lane.done = true;
    return {};
}

Status send_on(Lane& lane, const os::WaitItem& item, const Clock& clock) {
    if (item.readable) {
        sync::Dialogue dialogue(lane.socket, clock, std::chrono::seconds(5), {}, "counterpart");
        EM_ASSIGN(const std::string report, dialogue.receive_message(message_most));
        return take_report(lane, report);
    }
    if (item.writable) EM_TRY(send_some(lane.socket));
    return {};
}

Status receive_on(Lane& lane, const os::WaitItem& item, Nanoseconds duration, const Clock& clock) {
    const Nanoseconds now = clock.monotonic();
    if (item.readable) {
        const Result<std::uint64_t> got = receive_some(lane.socket);
        if (!got) {
            // It has given what was asked for; before that it is gone.
            if (lane.bytes == 0) return fail(got.error());
            lane.done = true;
            lane.span = now - lane.span;
            return {};
        }
        if (lane.bytes == 0) lane.span = now;  // until done: when it began
        lane.bytes += *got;
    }
    if (lane.bytes > 0 && now - lane.span >= duration) {
        lane.done = true;
        lane.span = now - lane.span;
    }
    return {};
}

Status run_lanes(std::vector<Lane>& lanes, const RateQuestion& question, const Clock& clock) {
    const Nanoseconds until = clock.monotonic() + question.duration + std::chrono::seconds(5);
    const auto running = [](const Lane& lane) { return !lane.done; };
    while (std::any_of(lanes.begin(), lanes.end(), running)) {
        if (clock.monotonic() > until) return fail(Code::unavailable, "no answer in time");
        std::vector<os::WaitItem> items;
        for (const Lane& lane : lanes)
            items.push_back({&lane.socket, !lane.done, !lane.done && question.is_sending, false, false});
        os::wait_ready(items, std::chrono::milliseconds(5));
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            if (lanes[i].done) continue;
            EM_TRY(question.is_sending ? send_on(lanes[i], items[i], clock)
                                       : receive_on(lanes[i], items[i], question.duration, clock));
        }
    }
    return {};
}

}  // namespace

Result<double> measure_rate(const sync::ConnectorOptions& options, const os::Endpoint& endpoint,
                            const RateQuestion& question, const Clock& clock) {
    const auto span = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::clamp<Nanoseconds>(question.duration, std::chrono::milliseconds(1), check_longest));
    const std::string request = fmt::format("{} {}", question.is_sending ? "take" : "give", span.count());
    std::vector<Lane> lanes;
    for (int i = 0; i < question.streams; ++i) {
        EM_ASSIGN(Lane lane, open_lane(options, endpoint, request, clock));
        lanes.push_back(std::move(lane));
    }
    EM_TRY(run_lanes(lanes, question, clock));
    double rate = 0;
    for (const Lane& lane : lanes)
        rate += static_cast<double>(lane.bytes) * 8 / std::max(1e-6, to_seconds(lane.span));
    return rate;
}

}  // namespace euromesh::apps
