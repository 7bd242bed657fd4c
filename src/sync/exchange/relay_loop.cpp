#include "sync/exchange/relay_loop.hpp"

#include <algorithm>

namespace euromesh::sync {
namespace {

constexpr Nanoseconds slice = std::chrono::milliseconds(50);
constexpr Nanoseconds interval_least = std::chrono::milliseconds(10),
                      interval_most = std::chrono::milliseconds(250);
constexpr Nanoseconds greeting_limit = std::chrono::seconds(10);
constexpr Nanoseconds backoff_least = std::chrono::milliseconds(200), backoff_most = std::chrono::seconds(10);
constexpr std::size_t links_max = 64;

bool is_lasting(Code code) {
    return code == Code::refused || code == Code::bad_input;
}

std::uint64_t size_of(const RelayCounts& counts) {
    return counts.bytes_in + counts.bytes_out + counts.files_in + counts.files_out;
}

}  // namespace

RelayLoop::RelayLoop(FolderStore& spool, RelayLoopConfig config, const RelayBudget& budget,
                     const Clock& clock, const Logger& log)
    : spool_(spool),
      config_(std::move(config)),
      budget_(budget),
      clock_(clock),
      log_(log),
      dialler_(config_.via, clock) {}

Result<std::unique_ptr<RelayLoop>> RelayLoop::open(FolderStore& spool, RelayLoopConfig config,
                                                   const RelayBudget& budget, const Clock& clock,
                                                   const Logger& log) {
    if (config.dial.has_value() == config.listen.has_value() || (config.once && config.listen)) {
        return fail(Code::bad_input, "a relay dials, once or again and again, or it listens");
    }
    std::unique_ptr<RelayLoop> loop(new RelayLoop(spool, std::move(config), budget, clock, log));
    const RelayLoopConfig& kept = loop->config_;
    if (kept.listen) {
        EM_ASSIGN(loop->listener_, os::Socket::listen(*kept.listen, kept.via.socket));
    }
    return loop;
}

RelayCounts RelayLoop::counts() const {
    RelayCounts counts = past_;
    for (const Open& open : links_) counts += open.link.counts();
    return counts;
}

void RelayLoop::add(os::Socket socket, RelayRole role) {
    links_.emplace_back(spool_, RelayLinkConfig{config_.site, config_.secret, role}, std::move(socket),
                        clock_.monotonic());
    interval_ = interval_least;
    offer_at_ = clock_.monotonic();
}

Status RelayLoop::dial_due(const std::stop_token& stop) {
    if (!config_.dial || !links_.empty() || clock_.monotonic() < dial_at_) return {};
    auto socket = dialler_.dial(*config_.dial, stop);
    backoff_ = std::clamp(backoff_ * 2, backoff_least, backoff_most);
    dial_at_ = clock_.monotonic() + backoff_;
    if (socket) {
        add(std::move(*socket), RelayRole::dials);
        return {};
    }
    if (config_.once || socket.error().code == Code::bad_input) return fail(std::move(socket).error());
    log_.warning("relay: " + socket.error().message);
    return {};
}

void RelayLoop::accept_all() {
    while (listener_.is_open() && links_.size() < links_max) {
        auto socket = listener_.accept(config_.via.socket);
        if (!socket || !*socket) return;
        add(std::move(**socket), RelayRole::listens);
    }
}

Status RelayLoop::end(const Open& open, const Error& error) {
    past_ += open.link.counts();
    const std::string who = open.link.is_known() ? open.link.peer() : open.link.socket().peer_text();
    links_.remove_if([&](const Open& other) { return &other == &open; });
    if (config_.once || (config_.dial && is_lasting(error.code)))
        return fail(error.within("relay of " + who));
    log_.info("relay: connection ended", {{"with", who}, {"why", error.message}});
    return {};
}

Status RelayLoop::step(Open& open, bool readable) {
    EM_TRY(open.link.step(readable));
    if (open.link.is_known() || clock_.monotonic() - open.since < greeting_limit) return {};
    return fail(Code::unavailable, "the other end did not prove in time that it knows the secret");
}

Status RelayLoop::offer_due() {
    const Nanoseconds now = clock_.monotonic();
    if (now < offer_at_) return {};
    const std::uint64_t moved = size_of(counts());
    interval_ = moved == moved_ ? std::min(interval_ * 2, interval_most) : interval_least;
    moved_ = moved;
    offer_at_ = now + interval_;
    for (auto link = links_.begin(); link != links_.end();) {
        Open& present = *link++;
        if (present.link.is_known()) backoff_ = Nanoseconds(0);
        if (Status offered = present.link.offer_new(); !offered) EM_TRY(end(present, offered.error()));
    }
    return {};
}

Status RelayLoop::turn() {
    std::vector<os::WaitItem> items;
    for (const Open& open : links_) {
        items.push_back({&open.link.socket(), true, open.link.wants_write()});
    }
    if (listener_.is_open()) items.push_back({&listener_, links_.size() < links_max});
    os::wait_ready(items, std::min(slice, offer_at_ - clock_.monotonic()));
    std::size_t i = 0;
    for (auto link = links_.begin(); link != links_.end(); ++i) {
        Open& present = *link++;
        if (Status stepped = step(present, items[i].readable); !stepped) {
            EM_TRY(end(present, stepped.error()));
        }
    }
    return {};
}

bool RelayLoop::is_done() const {
    return config_.once && !links_.empty() && links_.front().link.is_idle();
}

Status RelayLoop::run(std::stop_token stop) {
    interval_ = interval_least;
    while (!stop.stop_requested() && !budget_.is_spent() && !is_done()) {
        EM_TRY(dial_due(stop));
        accept_all();
        EM_TRY(offer_due());
        EM_TRY(turn());
        if (links_.empty()) os::wait_ready({}, std::chrono::milliseconds(listener_.is_open() ? 0 : 20));
    }
    return {};
}

}  // namespace euromesh::sync
