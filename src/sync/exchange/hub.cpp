#include "sync/exchange/hub.hpp"

#include <algorithm>

#include "base/os/certificate.hpp"
#include "sync/exchange/greeting.hpp"

namespace euromesh::sync {
namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t accepts_a_turn = 64;
// So that strangers cannot fill a disk with lines about themselves.
constexpr std::size_t refusals_logged_a_second = 20;

std::size_t length_of(const std::string& head) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        size |= std::size_t{static_cast<unsigned char>(head[i])} << (8 * i);
    return size;
}

// To a guest that has not been sent much: it fits into the kernel's buffer whole, or the guest is gone.
Status tell(os::Socket& socket, std::string_view text) {
    std::string framed;
    for (int shift = 0; shift < 32; shift += 8) framed.push_back(static_cast<char>(text.size() >> shift));
    framed += text;
    const iovec piece{framed.data(), framed.size()};
    EM_ASSIGN(const std::size_t sent, socket.send({&piece, 1}));
    if (sent < framed.size()) return fail(Code::unavailable, "it takes no bytes");
    return {};
}

}  // namespace

Hub::Hub(HubConfig config, const Clock& clock, const Logger& log, os::Socket listener)
    : config_(std::move(config)),
      clock_(clock),
      log_(log),
      listener_(std::move(listener)),
      table_(config_.waiting_per_run_most) {}

Result<std::unique_ptr<Hub>> Hub::open(HubConfig config, const Clock& clock, const Logger& log) {
    if (config.authorities.empty())
        return fail(Code::bad_input, "hub: name at least one run's authority (ca.pem)");
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.wall());
    for (const std::string& authority : config.authorities) {
        const auto read = os::verify_certificate(authority, authority, now);
        if (!read && read.error().code == Code::bad_input) return fail(read.error().within("hub"));
    }
    EM_ASSIGN(os::Socket listener, os::Socket::listen(config.listen, config.socket));
    return std::unique_ptr<Hub>(new Hub(std::move(config), clock, log, std::move(listener)));
}

// --- one pass ---------------------------------------------------------------------------------------
bool Hub::has_room() const {
    return guests_.size() + 2 * pairs_.size() < config_.connections_most;
}

std::vector<os::WaitItem> Hub::waits() const {
    const bool open = has_room() && clock_.monotonic() >= accept_at_;
    std::vector<os::WaitItem> items{{&listener_, open, false, false, false}};
    for (const Pair& pair : pairs_)
        for (const os::WaitItem& item : pair.streams.waits()) items.push_back(item);
    for (const auto& [id, guest] : guests_) items.push_back({&guest.socket, true, false, false, false});
    return items;
}

void Hub::poll(Nanoseconds timeout) {
    std::vector<os::WaitItem> items = waits();
    // Time limits need no more than a look now and then.
    const Nanoseconds tick = std::chrono::milliseconds(200);
    os::wait_ready(items, guests_.empty() && pairs_.empty() ? timeout : std::min(timeout, tick));
    const std::span<const os::WaitItem> all(items);
    const std::size_t first_guest = 1 + 2 * pairs_.size();
    // Pairs first: those that guests become now have not been waited for.
    serve_pairs(all.subspan(1, first_guest - 1));
    serve_guests(all.subspan(first_guest));
    if (all[0].readable) accept_all();
}

void Hub::serve_pairs(std::span<const os::WaitItem> items) {
    std::size_t at = 0;
    for (auto pair = pairs_.begin(); pair != pairs_.end(); at += 2) {
        const bool goes_on = pair->streams.step(items[at], items[at + 1]);
        if (pair->streams.is_ending() && !pair->ending_since) pair->ending_since = clock_.monotonic();
        pair = end_of(*pair, goes_on) ? pairs_.erase(pair) : std::next(pair);
    }
}

bool Hub::end_of(const Pair& pair, bool goes_on) {
    const bool late = pair.ending_since && clock_.monotonic() - *pair.ending_since > config_.ending_limit;
    if (goes_on && !late) return false;
    log_end(pair);
    for (const std::string& host : pair.hosts) let_go(host);
    return true;
}

void Hub::serve_guests(std::span<const os::WaitItem> items) {
    std::vector<GuestId> ids;
    for (const auto& [id, guest] : guests_) ids.push_back(id);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        // Somebody served before may have taken it as a partner.
        const auto found = guests_.find(ids[i]);
        if (found == guests_.end()) continue;
        const bool late =
            !found->second.party && clock_.monotonic() - found->second.since > config_.proof_limit;
        Status served;
        if (items[i].readable)
            served = serve(ids[i], found->second);
        else if (late)
            served = fail(Code::refused, "no proof in time");
        if (!served) dismiss(ids[i], served.error());
    }
}

// --- guests -----------------------------------------------------------------------------------------
void Hub::accept_all() {
    for (std::size_t i = 0; i < accepts_a_turn && has_room(); ++i) {
        auto socket = listener_.accept(config_.socket);
        if (!socket) {
            // The connection stays in the kernel's queue; asking again at once would only burn the core.
            const Nanoseconds now = clock_.monotonic();
            const bool is_news = accept_at_ == Nanoseconds(0) || now - accept_at_ > std::chrono::seconds(10);
            if (is_news) log_.warning("cannot accept", {{"reason", socket.error().message}});
            accept_at_ = now + std::chrono::milliseconds(200);
        }
        if (!socket || !*socket) return;
        greet(std::move(**socket));
    }
}

void Hub::greet(os::Socket socket) {
    Guest guest;
    guest.address = socket.peer_text();
    guest.host = socket.peer_host();
    guest.challenge = make_challenge();
    guest.since = clock_.monotonic();
    const auto known = by_host_.find(guest.host);
    if (known != by_host_.end() && known->second >= config_.connections_per_address_most) {
        log_refusal(guest.address, "too many connections from this address");
        return;
    }
    if (!tell(socket, hub_greeting_text(guest.challenge))) return;
    guest.socket = std::move(socket);
    ++by_host_[guest.host];
    guests_.emplace(next_guest_++, std::move(guest));
}

Status Hub::serve(GuestId id, Guest& guest) {
    std::array<char, 4096> room{};
    EM_ASSIGN(const std::size_t got, guest.socket.receive(std::as_writable_bytes(std::span(room))));
    if (got == 0) return {};
    if (guest.party) return fail(Code::corrupted, "it speaks before its peer is there");
    guest.inbox.append(room.data(), got);
    if (guest.inbox.size() < length_bytes) return {};
    const std::size_t size = length_of(guest.inbox);
    if (size > hub_message_most) return fail(Code::corrupted, "it does not speak the hub's protocol");
    if (guest.inbox.size() < length_bytes + size) return {};
    if (guest.inbox.size() > length_bytes + size)
        return fail(Code::corrupted, "it speaks before its peer is there");
    const std::string proof = std::exchange(guest.inbox, {}).substr(length_bytes);
    return take_proof(id, guest, proof);
}

Status Hub::take_proof(GuestId id, Guest& guest, std::string_view text) {
    const auto proof = parse_hub_proof(text);
    if (!proof) return fail(Code::corrupted, "{}", proof.error().message);
    EM_ASSIGN(const std::size_t authority,
              check_hub_proof(*proof, guest.challenge, config_.authorities, clock_));
    EM_ASSIGN(const HubMatch match, table_.arrive(id, authority, proof->party));
    if (match.replaced) dismiss(*match.replaced, {Code::conflict, "the same site has come again"});
    guest.party = proof->party;
    EM_TRY(tell(guest.socket, hub_state_text(HubState::waiting)));
    if (match.partner) return join(id, guest, *match.partner);
    log_.info("waits", {{"run", guest.party->run.text()},
                        {"site", guest.party->site.text()},
                        {"peer", guest.party->peer.text()},
                        {"address", guest.address}});
    return {};
}

Status Hub::join(GuestId id, Guest& guest, GuestId partner) {
    Guest& other = guests_.at(partner);
    const std::string paired = hub_state_text(HubState::paired);
    if (!tell(other.socket, paired) || !tell(guest.socket, paired)) {
        // Whichever is alive comes again.
        dismiss(partner, {Code::unavailable, "one of the two has just gone"});
        return fail(Code::unavailable, "one of the two has just gone");
    }
    log_.info("paired", {{"run", guest.party->run.text()},
                         {"sites", Json{guest.party->site.text(), guest.party->peer.text()}},
                         {"addresses", Json{guest.address, other.address}}});
    ++paired_total_;
    pairs_.push_back({StreamPair(std::move(guest.socket), std::move(other.socket)),
                      *guest.party,
                      {guest.host, other.host},
                      clock_.monotonic()});
    guests_.erase(partner);
    guests_.erase(id);
    return {};
}

void Hub::dismiss(GuestId id, const Error& reason) {
    const auto found = guests_.find(id);
    if (found == guests_.end()) return;
    Guest& guest = found->second;
    if (reason.code != Code::unavailable) {
        log_refusal(guest.address, reason.message);
        // It may be gone: then nobody needs to know.
        [[maybe_unused]] const Status told = tell(guest.socket, hub_refusal_text(reason.message));
        guest.socket.shutdown_sending();
    }
    table_.leave(id);
    let_go(guest.host);
    guests_.erase(found);
}

void Hub::let_go(const std::string& host) {
    const auto count = by_host_.find(host);
    if (count != by_host_.end() && --count->second == 0) by_host_.erase(count);
}

// --- what people see --------------------------------------------------------------------------------
void Hub::log_refusal(const std::string& address, const std::string& reason) {
    ++refused_total_;
    const Nanoseconds now = clock_.monotonic();
    if (now - log_window_ > std::chrono::seconds(1)) {
        if (unlogged_ > 0) log_.warning("more refused", {{"connections", unlogged_}});
        log_window_ = now;
        logged_ = unlogged_ = 0;
    }
    if (++logged_ > refusals_logged_a_second) {
        ++unlogged_;
        return;
    }
    log_.warning("refused", {{"address", address}, {"reason", one_line(std::as_bytes(std::span(reason)))}});
}

void Hub::log_end(const Pair& pair) {
    log_.info("parted",
              {{"run", pair.party.run.text()},
               {"sites", Json{pair.party.site.text(), pair.party.peer.text()}},
               {"carried_bytes", Json{pair.streams.carried_bytes(0), pair.streams.carried_bytes(1)}},
               {"duration_s", to_seconds(clock_.monotonic() - pair.since)}});
}

Json Hub::status() const {
    const Nanoseconds now = clock_.monotonic();
    Json waiting = Json::array(), pairs = Json::array();
    for (const auto& [id, guest] : guests_) {
        if (!guest.party) continue;
        waiting.push_back({{"run", guest.party->run.text()},
                           {"site", guest.party->site.text()},
                           {"peer", guest.party->peer.text()},
                           {"address", guest.address},
                           {"duration_s", to_seconds(now - guest.since)}});
    }
    for (const Pair& pair : pairs_) {
        pairs.push_back(
            {{"run", pair.party.run.text()},
             {"sites", Json{pair.party.site.text(), pair.party.peer.text()}},
             {"carried_bytes", Json{pair.streams.carried_bytes(0), pair.streams.carried_bytes(1)}},
             {"duration_s", to_seconds(now - pair.since)}});
    }
    return {{"port", port()},
            {"connections", guests_.size() + 2 * pairs_.size()},
            {"waiting", waiting},
            {"pairs", pairs},
            {"paired_total", paired_total_},
            {"refused_total", refused_total_}};
}

}  // namespace euromesh::sync
