#include "sync/exchange/streams_way_session.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::sync {
namespace {

constexpr int rounds_a_turn = 8;
constexpr Nanoseconds acknowledge_after = std::chrono::milliseconds(2);
// TLS and the greeting of a mesh need some 10 KiB.
constexpr std::uint64_t unproven_most = 256u << 10;

Result<bool> wrong(std::string_view what) {
    return fail(Code::corrupted, "a stream of several connections: {}", what);
}

}  // namespace

StreamsSession::StreamsSession(const StreamsConfig& config, const Clock& clock, TetherHello ours,
                               os::Socket local, std::vector<std::shared_ptr<Way>> dials,
                               std::shared_ptr<StreamsCounters> counters)
    : config_(config),
      clock_(clock),
      begun_(ours),
      pair_(streams_pair(config.run, config.self, config.peer)),
      counters_(std::move(counters)),
      sessions_(ours),
      local_(std::move(local)),
      room_(config.tether.segment_bytes),
      slots_(dials.empty() ? streams_most : dials.size()),
      sender_(config.tether),
      receiver_(config.tether),
      agreed_(ours.theirs != 0) {
    EM_ASSERT(config.tether.segment_bytes <= streams_segment_most, "the peer takes such a segment");
    for (std::size_t i = 0; i < dials.size(); ++i) {
        slots_[i].dial = std::make_unique<WayCaller>(std::move(dials[i]), waker_);
        slots_[i].backoff = config.backoff_least;
    }
    cut_since_ = clock.monotonic();
    thread_ = os::Thread([this](const std::stop_token& stop) { run(stop); });
}

StreamsSession::~StreamsSession() {
    const Nanoseconds begun = clock_.monotonic();
    const auto limit = [&] { return saw_end_ ? config_.close_limit : std::chrono::milliseconds(50); };
    while (!over_ && clock_.monotonic() - begun < limit()) os::wait_ready({}, std::chrono::milliseconds(1));
    thread_.request_stop();
    waker_.wake();
}

std::optional<Error> StreamsSession::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void StreamsSession::give_up(Error error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(error);
}

void StreamsSession::join(std::uint32_t stream, os::Socket connection) {
    {
        const std::lock_guard lock(mutex_);
        joining_.emplace_back(stream, std::move(connection));
    }
    waker_.wake();
}

bool StreamsSession::is_named_by(const TetherHello& theirs) const {
    return theirs.mine == begun_.theirs && theirs.theirs == begun_.mine && theirs.theirs != 0;
}

// --- connections ------------------------------------------------------------------------------------
bool StreamsSession::may_dial(std::size_t stream) const {
    const Slot& slot = slots_[stream];
    if (!slot.dial || slot.line || slot.dial->is_calling()) return false;
    // The peer has said all, and this site will soon have: a new connection would carry nothing.
    if (receiver_.is_over() || sender_.end()) return false;
    return agreed_ || stream == 0;
}

void StreamsSession::dial_due() {
    const Nanoseconds now = clock_.monotonic();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (may_dial(i) && now >= slots_[i].dial_at) slots_[i].dial->begin();
    }
}

void StreamsSession::take_dialled() {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (!slots_[i].dial) continue;
        auto outcome = slots_[i].dial->take();
        if (!outcome) continue;
        if (!*outcome) {
            lose(i, outcome->error());
            continue;
        }
        put(i, std::move((*outcome)->socket));
        if (!slots_[i].line) continue;
        const StreamsPreamble preamble{pair_, sessions_, static_cast<std::uint32_t>(i)};
        slots_[i].line->queue(encode(preamble));
        write(i);
    }
}

void StreamsSession::take_joined() {
    std::vector<std::pair<std::uint32_t, os::Socket>> joined;
    {
        const std::lock_guard lock(mutex_);
        joined = std::exchange(joining_, {});
    }
    for (auto& [stream, connection] : joined) {
        const bool first = !std::exchange(greeted_, true);
        put(stream, std::move(connection));
        if (first) slots_[stream].line->queue(TetherHeader{TetherKind::hello, sessions_});
    }
}

void StreamsSession::put(std::size_t stream, os::Socket connection) {
    if (slots_[stream].line) lose(stream, {Code::unavailable, "dialled again"});
    connection.pace(config_.pacing_bytes_per_s);
    slots_[stream].line = std::make_unique<StreamLine>(std::move(connection));
    ++live_;
    ++counters_->connections;
}

// A connection, or the attempt to make one.
void StreamsSession::lose(std::size_t stream, const Error& reason) {
    Slot& slot = slots_[stream];
    const Nanoseconds now = clock_.monotonic();
    slot.dial_at = now + slot.backoff;
    slot.backoff = std::min(slot.backoff * 2, config_.backoff_most);
    if (slot.line) {
        slot.line.reset();
        ++counters_->lost;
        if (--live_ == 0) cut_since_ = now;
        sender_.carrier_lost(static_cast<unsigned>(stream));
        told_ = 0;
        end_told_ = false;
    }
    if (!agreed_) give_up(reason);
}

// --- from the socket to the connections -------------------------------------------------------------
bool StreamsSession::read_local() {
    if (sender_.end() || sender_.room() == 0) return false;
    const auto got = local_.receive(std::span(room_).first(std::min(room_.size(), sender_.room())));
    if (!got) {
        sender_.finish();
        closed_at_ = clock_.monotonic();
        saw_end_ = true;
        return false;
    }
    sender_.offer(std::span(room_).first(*got));
    return *got > 0;
}

// One segment; whether there was any.
bool StreamsSession::fill(std::size_t stream) {
    const Nanoseconds now = clock_.monotonic();
    const auto carrier = static_cast<unsigned>(stream);
    auto segment = sender_.next(now, carrier, false);
    while (!segment && read_local()) segment = sender_.next(now, carrier, false);
    if (!segment) segment = sender_.next(now, carrier, true);
    StreamLine& line = *slots_[stream].line;
    if (segment) {
        line.queue({TetherKind::segment, sessions_, segment->offset}, segment->bytes);
    } else if (sender_.end() && !end_told_) {
        line.queue(TetherHeader{TetherKind::end, sessions_, *sender_.end()});
        end_told_ = true;
    }
    return segment.has_value();
}

void StreamsSession::send_some() {
    if (!agreed_) return;
    acknowledge();
    bool more = true;
    for (int round = 0; round < rounds_a_turn && more; ++round) {
        more = false;
        ++turn_;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            const std::size_t stream = (turn_ + i) % slots_.size();
            if (!slots_[stream].line || !slots_[stream].line->is_idle()) continue;
            more = fill(stream) || more;
            write(stream);
        }
    }
    counters_->segments_resent +=
        sender_.resent_segments() - std::exchange(resent_, sender_.resent_segments());
}

void StreamsSession::write(std::size_t stream) {
    const Status written = slots_[stream].line->write();
    if (written) return;
    // What came before the end may lie unread in the connection.
    read(stream);
    if (slots_[stream].line) lose(stream, written.error());
}

// One more than its length says that the end itself is known.
std::uint64_t StreamsSession::position_to_tell() const {
    return receiver_.consumed() + (receiver_.is_over() ? 1 : 0);
}

void StreamsSession::acknowledge() {
    const std::uint64_t position = position_to_tell();
    if (position == told_) return;
    const Nanoseconds now = clock_.monotonic();
    if (untold_since_ == Nanoseconds(0)) untold_since_ = now;
    const bool due = position - told_ >= config_.tether.segment_bytes || receiver_.is_over() ||
                     now - untold_since_ >= acknowledge_after;
    if (!due) return;
    // Rather by one that is free, and each time by another: one of them may be stuck.
    for (const bool free : {true, false}) {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            const std::size_t stream = (turn_ + i) % slots_.size();
            StreamLine* const line = slots_[stream].line.get();
            if (!line || (free && !line->is_idle())) continue;
            line->queue(TetherHeader{TetherKind::acknowledgement, sessions_, position});
            told_ = position;
            untold_since_ = Nanoseconds(0);
            return write(stream);
        }
    }
}

// --- from the connections to the socket -------------------------------------------------------------
Result<bool> StreamsSession::wants(const TetherHeader& header) {
    if (header.kind == TetherKind::hello) return false;
    if (header.sessions != TetherHello{sessions_.theirs, sessions_.mine}) return wrong("of another session");
    if (header.kind != TetherKind::segment) return false;
    if (begun_.theirs != 0 && !proven_ && header.offset + header.length > unproven_most) {
        give_up({Code::refused, "it sends much before it has shown who it is"});
        return wrong("too much");
    }
    return receiver_.wants(header.offset, header.length);
}

Status StreamsSession::take(const TetherHeader& header, std::vector<std::byte> body) {
    switch (header.kind) {
        case TetherKind::hello:
            return take_hello(header);
        case TetherKind::acknowledgement:
            return take_acknowledgement(header.offset);
        case TetherKind::end:
            return receiver_.take_end(header.offset);
        default:
            EM_TRY(receiver_.take(header.offset, std::move(body)));
            give();
            return {};
    }
}

// Only who was dialled greets: with its number, or, when it knows of no such session, with another.
Status StreamsSession::take_hello(const TetherHeader& header) {
    if (header.sessions.theirs != sessions_.mine || header.sessions.mine == 0)
        return fail(Code::corrupted, "a greeting of another session");
    if (!agreed_) {
        sessions_.theirs = header.sessions.mine;
        agreed_ = true;
    } else if (header.sessions.mine != sessions_.theirs) {
        give_up({Code::unavailable, "the peer has begun anew"});
    }
    return {};
}

Status StreamsSession::take_acknowledgement(std::uint64_t position) {
    if (sender_.end() && position == *sender_.end() + 1) {
        end_known_ = true;
        --position;
    }
    return sender_.acknowledged(position, clock_.monotonic());
}

void StreamsSession::read(std::size_t stream) {
    const Status got =
        slots_[stream].line->read([this](const TetherHeader& header) { return wants(header); },
                                  [&](const TetherHeader& header, std::vector<std::byte> body) {
                                      slots_[stream].backoff = config_.backoff_least;
                                      return take(header, std::move(body));
                                  });
    if (!got) lose(stream, got.error());
}

void StreamsSession::give() {
    while (!reader_gone_ && !receiver_.ready().empty()) {
        const std::span<const std::byte> ready = receiver_.ready();
        const iovec piece{const_cast<std::byte*>(ready.data()), ready.size()};
        const auto sent = local_.send({&piece, 1});
        reader_gone_ = !sent;
        if (!sent || *sent == 0) break;
        receiver_.consume(*sent);
    }
    while (reader_gone_ && !receiver_.ready().empty()) receiver_.consume(receiver_.ready().size());
    if (receiver_.is_over() && !std::exchange(end_given_, receiver_.is_over())) local_.shutdown_sending();
}

// --- the thread -------------------------------------------------------------------------------------
Nanoseconds StreamsSession::patience() const {
    if (live_ > 0 && position_to_tell() != told_) return acknowledge_after;
    const bool dials = slots_[0].dial && live_ < slots_.size();
    const bool waits = dials || live_ == 0 || sender_.end();
    return std::chrono::milliseconds(waits ? 10 : 100);
}

void StreamsSession::wait_and_read() {
    bool any_idle = false;
    std::vector<os::WaitItem> items(2);
    std::vector<std::size_t> streams;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const StreamLine* const line = slots_[i].line.get();
        if (!line) continue;
        any_idle = any_idle || line->is_idle();
        items.push_back({&line->socket(), true, !line->is_idle()});
        streams.push_back(i);
    }
    const bool room = agreed_ && any_idle && !sender_.end() && sender_.room() > 0;
    items[0] = {&waker_.socket(), true};
    items[1] = {&local_, room, !receiver_.ready().empty() && !reader_gone_};
    os::wait_ready(items, patience());
    if (items[0].readable) waker_.clear();
    for (std::size_t k = 0; k < streams.size(); ++k) {
        const os::WaitItem& item = items[k + 2];
        if (item.writable && slots_[streams[k]].line) write(streams[k]);
        if (item.readable && slots_[streams[k]].line) read(streams[k]);
    }
}

bool StreamsSession::is_done() const {
    const Nanoseconds now = clock_.monotonic();
    if (failure()) return true;
    if (sender_.end() && (end_known_ || live_ == 0 || now - closed_at_ >= config_.close_limit)) return true;
    if (live_ > 0 || !agreed_) return false;
    // A stranger has gone; a peer would begin anew.
    if (greeted_ && !proven_) return true;
    return !receiver_.is_over() && now - cut_since_ >= config_.resume_limit;
}

void StreamsSession::run(const std::stop_token& stop) {
    while (!stop.stop_requested() && !is_done()) {
        take_joined();
        take_dialled();
        dial_due();
        send_some();
        wait_and_read();
        give();
    }
    if (live_ == 0 && agreed_) give_up({Code::unavailable, "cut for too long"});
    for (Slot& slot : slots_) {
        if (slot.dial) slot.dial->ask_to_stop();
        slot.line.reset();
    }
    local_ = os::Socket();
    live_ = 0;
    over_ = true;
}

}  // namespace euromesh::sync
