#include "sync/exchange/mesh.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "sync/exchange/mesh_impl.hpp"

namespace euromesh::sync {
namespace {

constexpr std::size_t ready_keys_most = 64;
// What a wait is for, before the links.
constexpr std::size_t listener_place = 0, waker_place = 1, first_link = 2;

// Somebody of higher rank may dial this site.
bool must_listen(const MeshConfig& config) {
    if (config.ways.empty()) return true;
    for (std::size_t rank = config.self + std::size_t{1}; rank < config.sites.size(); ++rank) {
        if (rank >= config.ways.size() || !config.ways[rank]) return true;
        if (std::dynamic_pointer_cast<StreamsWay>(config.ways[rank])) return true;
    }
    return false;
}

}  // namespace

FrameHeader small_frame(FrameKind kind, std::uint32_t tag, std::size_t length) {
    FrameHeader header;
    header.kind = kind;
    header.run_tag = tag;
    header.length = static_cast<std::uint32_t>(length);
    return header;
}

Traffic traffic_of(const os::Stream& stream) {
    return {stream.sent_bytes(), stream.received_bytes()};
}

Traffic operator+(const Traffic& a, const Traffic& b) {
    return {a.sent_bytes + b.sent_bytes, a.received_bytes + b.received_bytes};
}

void Mesh::Impl::send_ready(Link& link, const ReduceKey& key) {
    FrameHeader header = small_frame(FrameKind::ready, tag, 0);
    header.key = key;
    link.connection.queue(header, {});
}

Status Mesh::Impl::take(Link& link, const FrameHeader& header, std::vector<std::byte> body) {
    if (link.stage == Stage::closing) return {};
    if (header.run_tag != tag && header.kind != FrameKind::hello && header.kind != FrameKind::refuse) {
        return fail(Code::corrupted, "a frame of another run");
    }
    switch (header.kind) {
        case FrameKind::hello:
            return take_hello(link, body);
        case FrameKind::refuse:
            return fail(Code::refused, "it refuses this site: {}", one_line(body));
        case FrameKind::welcome:
            if (link.welcomed) return fail(Code::corrupted, "it says welcome twice");
            link.welcomed = true;
            if (link.rank) came_up(link);
            return {};
        default:
            return take_from_peer(link, header, std::move(body));
    }
}

Status Mesh::Impl::take_from_peer(Link& link, const FrameHeader& header, std::vector<std::byte> body) {
    if (link.stage != Stage::up) return fail(Code::corrupted, "a frame before the welcome");
    if (header.kind == FrameKind::message) {
        tell(PeerMessage{*link.rank, header.type, std::move(body)});
    } else if (header.kind == FrameKind::ready) {
        const auto sink = sinks.find(header.key);
        if (sink != sinks.end()) sink->second->ready(*link.rank);
        link.ready.insert(header.key);
        if (link.ready.size() > ready_keys_most) link.ready.erase(link.ready.begin());
    }
    return {};
}

Result<std::span<std::byte>> Mesh::Impl::place(Link& link, const FrameHeader& header) {
    if (link.stage == Stage::closing) return std::span<std::byte>();
    if (link.stage != Stage::up) return fail(Code::corrupted, "a bulk frame before the welcome");
    if (header.run_tag != tag) return fail(Code::corrupted, "a frame of another run");
    const auto sink = sinks.find(header.key);
    if (sink == sinks.end()) return std::span<std::byte>();
    return sink->second->place(*link.rank, header);
}

std::optional<BulkFrame> Mesh::Impl::next(Link& link) {
    if (link.stage != Stage::up) return std::nullopt;
    for (const auto& [key, sink] : sinks) {
        if (std::optional<BulkFrame> frame = sink->next(*link.rank)) {
            frame->header.run_tag = tag;
            return frame;
        }
    }
    return std::nullopt;
}

void Mesh::Impl::read(Link& link, bool readable, bool writable) {
    if (link.over) return;
    if (link.stage == Stage::closing) {
        if (readable && !link.connection.stream().discard()) link.over = true;
        return;
    }
    const Status advanced = advance(link, readable || link.connection.has_unread(), writable);
    if (!advanced) fail_link(link, advanced.error());
}

void Mesh::Impl::write(Link& link) {
    if (link.over || link.stage == Stage::connecting || link.stage == Stage::securing || link.ended_sending)
        return;
    const Status written = link.connection.write(link);
    if (!written) {
        // The reason may lie unread in the socket: an alert or a refusal that came just before the end.
        const Status last = link.stage == Stage::closing ? written : link.connection.read(link);
        break_off(link, last ? written.error() : last.error());
    } else if (link.stage == Stage::closing && link.connection.is_idle()) {
        link.connection.stream().socket().shutdown_sending();
        link.ended_sending = true;
    }
}

void Mesh::Impl::write_free(bool after_wait, const std::vector<os::WaitItem>& items) {
    for (std::size_t i = 0; i < links.size(); ++i) {
        const std::size_t place = i + first_link;
        const bool writable = after_wait && place < items.size() && items[place].writable;
        if (writable || !links[i]->connection.is_blocked()) write(*links[i]);
    }
}

bool Mesh::Impl::wants_write(const Link& link) const {
    if (link.stage == Stage::connecting) return true;
    if (link.stage == Stage::securing) return link.connection.stream().has_unsent();
    return link.connection.is_blocked();
}

std::vector<os::WaitItem> Mesh::Impl::wait(Nanoseconds timeout) {
    std::vector<os::WaitItem> items;
    items.push_back({&listener, true, false, false, false});
    items.push_back({&waker.socket(), true, false, false, false});
    for (const auto& link : links) {
        items.push_back({&link->connection.stream().socket(), true, wants_write(*link), false, false});
        // What a closing link has left is thrown away: nothing to hurry for.
        const bool unread = link->stage != Stage::closing && link->connection.has_unread();
        if (link->over || unread) timeout = Nanoseconds(0);
    }
    lobby.add_waits(items);
    if (!events.empty() || !losses.empty()) timeout = Nanoseconds(0);
    os::wait_ready(items, std::min(timeout, until_next_timer()));
    return items;
}

Nanoseconds Mesh::Impl::until_next_timer() const {
    const Nanoseconds now = clock.monotonic();
    Nanoseconds least = config.heartbeat;
    for (Rank rank = 0; rank < peers.size(); ++rank) {
        if (waits_to_dial(rank)) least = std::min(least, peers[rank].dial_at - now);
    }
    for (const auto& link : links) {
        if (link->stage != Stage::up)
            least = std::min(least, link->deadline - now);
        else if (config.silence_limit > Nanoseconds(0))
            least = std::min(least, link->heard + config.silence_limit - now);
    }
    return std::max(least, Nanoseconds(0));
}

void Mesh::Impl::bury() {
    for (auto& link : links) {
        if (!link->over) continue;
        const std::optional<Rank> known = link->known();
        Traffic& account = known ? peers[*known].past : strangers;
        account = account + traffic_of(link->connection.stream());
    }
    std::erase_if(links, [](const auto& link) { return link->over; });
    for (const Loss& loss : std::exchange(losses, {})) {
        // A sink may detach itself when it hears of a loss.
        for (const auto& [key, sink] : std::map(sinks)) {
            if (sinks.contains(key)) sink->lost(loss.peer, loss.reason);
        }
    }
}

std::vector<MeshEvent> Mesh::Impl::poll(Nanoseconds timeout) {
    was_away = clock.monotonic() - polled > config.heartbeat;
    dial_due();
    write_free(false, {});
    const std::vector<os::WaitItem> items = wait(timeout);
    const std::size_t count = links.size();
    for (std::size_t i = 0; i < count; ++i) {
        const os::WaitItem& item = items[i + first_link];
        read(*links[i], item.readable, item.writable);
    }
    if (items[listener_place].readable) accept_all();
    hear_lobby();
    if (items[waker_place].readable) take_arrivals();
    write_free(true, items);
    check_timers();
    polled = clock.monotonic();
    bury();
    return std::exchange(events, {});
}

Result<std::unique_ptr<Mesh>> Mesh::open(MeshConfig config, const Clock& clock) {
    if (config.self >= config.sites.size()) {
        return fail(Code::bad_input, "exchange: site {} of {} does not exist", config.self,
                    config.sites.size());
    }
    std::optional<os::TlsContext> tls;
    if (config.tls) {
        EM_ASSIGN(tls, os::TlsContext::make(*config.tls, clock));
    }
    const os::Endpoint own = config.listen.value_or(config.sites[config.self].endpoint);
    os::Socket listener;
    if (must_listen(config)) {
        EM_ASSIGN(listener, os::Socket::listen(own, config.socket));
    }
    auto impl = std::make_unique<Impl>(std::move(config), clock, std::move(listener));
    impl->tls = std::move(tls);
    return std::unique_ptr<Mesh>(new Mesh(std::move(impl)));
}

Mesh::Mesh(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mesh::~Mesh() = default;

std::vector<MeshEvent> Mesh::poll(Nanoseconds timeout) {
    return impl_->poll(timeout);
}

Status Mesh::send(Rank peer, std::uint16_t type, std::span<const std::byte> bytes) {
    EM_ASSERT(peer < impl_->peers.size(), "a peer of this run");
    if (bytes.size() > message_max_bytes) {
        return fail(Code::bad_input, "message to site {}: {} bytes, at most {} can be sent at once",
                    impl_->name(peer), bytes.size(), message_max_bytes);
    }
    if (!is_up(peer))
        return fail(Code::unavailable, "message to site {}: it is not connected", impl_->name(peer));
    Connection& connection = impl_->peers[peer].link->connection;
    if (connection.queued_bytes() + bytes.size() > impl_->config.queue_limit_bytes) {
        return fail(Code::no_space, "message to site {}: {} bytes wait unsent already", impl_->name(peer),
                    connection.queued_bytes());
    }
    FrameHeader header = small_frame(FrameKind::message, impl_->tag, bytes.size());
    header.type = type;
    connection.queue(header, bytes);
    return {};
}

std::size_t Mesh::unsent_bytes(Rank peer) const {
    return is_up(peer) ? impl_->peers[peer].link->connection.queued_bytes() : 0;
}

void Mesh::drop(Rank peer, const std::string& reason) {
    if (is_up(peer)) impl_->refuse(*impl_->peers[peer].link, {Code::refused, reason});
}

void Mesh::set_hello(Json hello) {
    impl_->config.hello = std::move(hello);
}

bool Mesh::is_up(Rank peer) const {
    const Impl::Link* link = impl_->peers.at(peer).link;
    return link != nullptr && link->stage == Stage::up;
}

Rank Mesh::self() const {
    return impl_->config.self;
}

const std::vector<SiteAddress>& Mesh::sites() const {
    return impl_->config.sites;
}

Traffic Mesh::traffic(Rank peer) const {
    Traffic total = impl_->peers.at(peer).past;
    for (const auto& link : impl_->links) {
        const std::optional<Rank> known = link->known();
        if (known == peer) total = total + traffic_of(link->connection.stream());
    }
    return total;
}

Traffic Mesh::total_traffic() const {
    Traffic total = impl_->strangers;
    for (const Impl::Peer& peer : impl_->peers) total = total + peer.past;
    for (const auto& link : impl_->links) total = total + traffic_of(link->connection.stream());
    return total;
}

std::uint16_t Mesh::port() const {
    return impl_->listener.local_port();
}

void Mesh::set_endpoint(Rank peer, os::Endpoint endpoint) {
    impl_->config.sites.at(peer).endpoint = std::move(endpoint);
}

void Mesh::attach(const ReduceKey& key, BulkSink& sink, std::span<const Rank> members) {
    const bool fresh = impl_->sinks.emplace(key, &sink).second;
    EM_ASSERT(fresh, "one sink a key");
    for (const Rank member : members) {
        if (member == self() || !is_up(member)) continue;
        Impl::Link& link = *impl_->peers[member].link;
        impl_->send_ready(link, key);
        if (link.ready.contains(key)) sink.ready(member);
    }
}

void Mesh::detach(const ReduceKey& key) {
    impl_->sinks.erase(key);
    for (const auto& link : impl_->links) link->connection.release(key);
}

}  // namespace euromesh::sync
