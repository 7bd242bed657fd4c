#include "sync/exchange/streams_way.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/os/entropy.hpp"

namespace euromesh::sync {
namespace {

constexpr Nanoseconds slice = std::chrono::milliseconds(1);

std::uint64_t new_session() {
    std::uint64_t number = 0;
    while (number == 0) os::fill_random(std::as_writable_bytes(std::span(&number, 1)));
    return number;
}

// To one that speaks of a session that is no more: it begins anew, instead of trying for long.
void turn_away(const StreamsPreamble& preamble, os::Socket connection) {
    StreamLine line(std::move(connection));
    line.queue(TetherHeader{TetherKind::hello, {new_session(), preamble.sessions.mine}});
    // Whether it is heard or not: this is the end of it.
    static_cast<void>(line.write());
}

}  // namespace

StreamsWay::StreamsWay(StreamsConfig config, const Clock& clock)
    : config_(std::move(config)),
      clock_(clock),
      pair_(streams_pair(config_.run, config_.peer, config_.self)) {}

StreamsWay::StreamsWay(StreamsConfig config, const Clock& clock, os::Endpoint peer, ConnectorOptions options)
    : config_(std::move(config)),
      clock_(clock),
      peer_(std::move(peer)),
      options_(std::move(options)),
      pair_(streams_pair(config_.run, config_.self, config_.peer)) {
    EM_ASSERT(config_.streams >= 1 && config_.streams <= streams_most, "1 to 64 connections");
}

StreamsWay::~StreamsWay() = default;

std::string StreamsWay::text() const {
    if (!peer_) return "connections from " + config_.peer;
    return fmt::format("{}, {} connections", Dialler(options_, clock_).text(*peer_), config_.streams);
}

StreamsCounts StreamsWay::counts() const {
    return {counters_->connections, counters_->lost, counters_->segments_resent};
}

std::vector<std::shared_ptr<Way>> StreamsWay::dials() const {
    std::vector<std::shared_ptr<Way>> made;
    for (std::size_t i = 0; i < config_.streams; ++i)
        made.push_back(std::make_shared<DirectWay>(*peer_, options_, clock_));
    return made;
}

Result<Arrival> StreamsWay::connect(std::stop_token stop) {
    EM_ASSERT(peer_.has_value(), "the site of higher rank dials");
    dialled_.reset();
    EM_ASSIGN(auto ends, os::Socket::pair());
    dialled_ = std::make_unique<StreamsSession>(config_, clock_, TetherHello{new_session(), 0},
                                                std::move(ends.second), dials(), counters_);
    const Nanoseconds limit = clock_.monotonic() + 2 * options_.limit;
    while (!dialled_->is_agreed() && !dialled_->is_over()) {
        if (stop.stop_requested()) return fail(Code::cancelled, "{}: stopped", text());
        if (clock_.monotonic() > limit) return fail(Code::unavailable, "{}: no answer in time", text());
        os::wait_ready({}, slice);
    }
    if (dialled_->is_agreed()) return Arrival{std::move(ends.first), text()};
    return fail(dialled_->failure().value_or(Error{Code::unavailable, text() + ": it ended at once"}));
}

bool StreamsWay::is_for(const StreamsPreamble& preamble) const {
    return !peer_ && preamble.pair == pair_;
}

std::optional<StreamsWay::Newcomer> StreamsWay::take(const StreamsPreamble& preamble, os::Socket connection) {
    std::erase_if(sessions_, [](const auto& session) { return session->is_over(); });
    if (preamble.sessions.theirs == 0) return begin(preamble, std::move(connection));
    for (const auto& session : sessions_) {
        if (!session->is_named_by(preamble.sessions)) continue;
        session->join(preamble.stream, std::move(connection));
        return std::nullopt;
    }
    turn_away(preamble, std::move(connection));
    return std::nullopt;
}

// The oldest that has not shown who it is gives way: waiting costs a stranger nothing.
void StreamsWay::make_room() {
    const auto unproven = [](const auto& session) { return !session->is_proven(); };
    if (std::count_if(sessions_.begin(), sessions_.end(), unproven) < std::ptrdiff_t{unproven_sessions})
        return;
    const auto oldest = std::find_if(sessions_.begin(), sessions_.end(), unproven);
    (*oldest)->end();
    sessions_.erase(oldest);
}

std::optional<StreamsWay::Newcomer> StreamsWay::begin(const StreamsPreamble& preamble,
                                                      os::Socket connection) {
    auto ends = os::Socket::pair();
    if (!ends) return std::nullopt;
    make_room();
    const std::string address = connection.peer_text();
    const TetherHello ours{new_session(), preamble.sessions.mine};
    auto session = std::make_shared<StreamsSession>(config_, clock_, ours, std::move(ends->second),
                                                    std::vector<std::shared_ptr<Way>>(), counters_);
    session->join(preamble.stream, std::move(connection));
    sessions_.push_back(session);
    return Newcomer{{std::move(ends->first), address}, std::move(session)};
}

}  // namespace euromesh::sync
