#include <algorithm>

#include "sync/exchange/mesh_impl.hpp"

namespace euromesh::sync {
namespace {

constexpr std::size_t strangers_most = 64, accepts_a_pass = 128;
constexpr Nanoseconds closing_limit = std::chrono::seconds(2);

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

Mesh::Impl::Impl(MeshConfig asked, const Clock& time, os::Socket opened)
    : config(std::move(asked)), clock(time), listener(std::move(opened)) {
    tag = run_tag(config.run.text());
    peers.resize(config.sites.size());
    for (Peer& peer : peers) peer.backoff = config.dial_backoff_least;
    for (Rank rank = 0; rank < peers.size(); ++rank) {
        if (auto door = door_of(rank)) doors.push_back(std::move(door));
        if (auto way = way_to(rank)) peers[rank].way = std::make_unique<WayCaller>(std::move(way), waker);
    }
    polled = clock.monotonic();
}

// All are told before the first is waited for.
Mesh::Impl::~Impl() {
    for (const Peer& peer : peers) {
        if (peer.way) peer.way->ask_to_stop();
    }
}

const std::string& Mesh::Impl::name(Rank rank) const {
    return config.sites[rank].site.text();
}

// --- who is there -----------------------------------------------------------------------------------
Greeting Mesh::Impl::greeting() const {
    Greeting ours;
    ours.run = config.run.text();
    ours.site = name(config.self);
    for (const SiteAddress& site : config.sites) ours.sites.push_back(site.site.text());
    ours.layout = config.layout;
    ours.session = config.hello;
    return ours;
}

Mesh::Impl::Link& Mesh::Impl::add_link(os::Socket socket, os::StreamRole role, std::optional<Rank> dialled,
                                       std::string address) {
    auto stream =
        tls ? os::make_tls_stream(std::move(socket), *tls, role) : os::make_plain_stream(std::move(socket));
    auto& link = *links.emplace_back(std::make_unique<Link>(*this, std::move(stream)));
    link.stage = dialled ? Stage::connecting : Stage::securing;
    link.dialled = dialled;
    link.address = std::move(address);
    link.deadline = clock.monotonic() + config.handshake_limit;
    if (dialled) peers[*dialled].dialling = &link;
    return link;
}

// At the site that is dialled, a way of several connections is a part of its listener.
std::shared_ptr<StreamsWay> Mesh::Impl::door_of(Rank rank) const {
    if (rank <= config.self || rank >= config.ways.size()) return nullptr;
    return std::dynamic_pointer_cast<StreamsWay>(config.ways[rank]);
}

// Null: the mesh dials, or is dialled.
std::shared_ptr<Way> Mesh::Impl::way_to(Rank rank) const {
    if (rank == config.self || door_of(rank)) return nullptr;
    if (rank < config.ways.size() && config.ways[rank]) return config.ways[rank];
    const os::Endpoint& endpoint = config.sites[rank].endpoint;
    const bool by_number = !os::address_bytes(endpoint.host).empty();
    if (rank > config.self || (by_number && !config.connector)) return nullptr;
    ConnectorOptions usual;
    usual.socket = config.socket;
    return std::make_shared<DirectWay>(endpoint, config.connector.value_or(usual), clock);
}

bool Mesh::Impl::reaches_out(Rank rank) const {
    return rank < config.self || peers[rank].way;
}

bool Mesh::Impl::waits_to_dial(Rank rank) const {
    const Peer& peer = peers[rank];
    const bool calling = peer.way && peer.way->is_calling();
    return reaches_out(rank) && !peer.link && !peer.dialling && !calling;
}

void Mesh::Impl::dial(Rank rank) {
    if (peers[rank].way) return peers[rank].way->begin();
    const os::Endpoint& endpoint = config.sites[rank].endpoint;
    auto socket = os::Socket::connect(endpoint, config.socket);
    if (socket) {
        add_link(std::move(*socket), os::StreamRole::dials, rank, endpoint.text());
        return;
    }
    if (socket.error().code == Code::not_found)
        report_refusal(rank, socket.error().within("site " + name(rank)));
    dial_later(rank, false);
}

void Mesh::Impl::dial_later(Rank rank, bool refused) {
    Peer& peer = peers[rank];
    if (refused) peer.backoff = config.dial_backoff_most;
    peer.dial_at = clock.monotonic() + peer.backoff;
    peer.backoff = std::min(peer.backoff * 2, config.dial_backoff_most);
}

void Mesh::Impl::dial_due() {
    const Nanoseconds now = clock.monotonic();
    for (Rank rank = 0; rank < peers.size(); ++rank) {
        if (waits_to_dial(rank) && now >= peers[rank].dial_at) dial(rank);
    }
}

void Mesh::Impl::take_arrivals() {
    waker.clear();
    for (Rank rank = 0; rank < peers.size(); ++rank) {
        if (!peers[rank].way) continue;
        if (auto arrival = peers[rank].way->take()) take_arrival(rank, std::move(*arrival));
    }
}

void Mesh::Impl::take_arrival(Rank rank, Result<Arrival> arrival) {
    if (!arrival) {
        const bool refused = arrival.error().code != Code::unavailable;
        if (refused) report_refusal(rank, arrival.error().within("site " + name(rank)));
        return dial_later(rank, refused);
    }
    // It came by itself meanwhile: there is no need for a second one.
    if (peers[rank].link) return;
    const auto role = rank < config.self ? os::StreamRole::dials : os::StreamRole::accepts;
    add_link(std::move(arrival->socket), role, rank, std::move(arrival->address));
}

void Mesh::Impl::accept_all() {
    const bool sorts = !doors.empty();
    for (std::size_t i = 0; i < accepts_a_pass && (sorts || has_room_for_strangers()); ++i) {
        auto socket = listener.accept(config.socket);
        if (!socket || !*socket) return;
        if (sorts)
            lobby.enter(std::move(**socket), clock.monotonic() + config.handshake_limit);
        else
            add_stranger(std::move(**socket));
    }
}

bool Mesh::Impl::has_room_for_strangers() const {
    return links.size() < peers.size() + strangers_most;
}

void Mesh::Impl::add_stranger(os::Socket socket) {
    std::string address = socket.peer_text();
    add_link(std::move(socket), os::StreamRole::accepts, std::nullopt, std::move(address));
}

void Mesh::Impl::hear_lobby() {
    if (lobby.size() == 0) return;
    for (StreamsLobby::Known& known : lobby.take(clock.monotonic())) {
        if (known.preamble)
            admit(*known.preamble, std::move(known.connection));
        else if (has_room_for_strangers())
            add_stranger(std::move(known.connection));
    }
}

// Whoever claims to be that peer: TLS asks for the proof, as of any stranger.
void Mesh::Impl::admit(const StreamsPreamble& preamble, os::Socket socket) {
    const auto door =
        std::find_if(doors.begin(), doors.end(), [&](const auto& one) { return one->is_for(preamble); });
    if (door == doors.end()) return;
    auto newcomer = (*door)->take(preamble, std::move(socket));
    if (!newcomer) return;
    Link& link = add_link(std::move(newcomer->arrival.socket), os::StreamRole::accepts, std::nullopt,
                          std::move(newcomer->arrival.address));
    link.streams = std::move(newcomer->session);
}

// A peer that was killed has begun anew, with proof, while its old connections wait to be resumed.
void Mesh::Impl::end_what_is_cut(Rank rank) {
    Link* const old = peers[rank].link;
    if (old && old->streams && old->streams->is_cut())
        break_off(*old, {Code::unavailable, "connection closed, and begun anew"});
}

void Mesh::Impl::report_refusal(std::optional<Rank> rank, Error reason) {
    std::string& last = rank ? peers[*rank].refusal : stranger_refusal;
    if (last == reason.message) return;
    last = reason.message;
    tell(PeerRefused{rank, std::move(reason)});
}

// --- the life of a link -----------------------------------------------------------------------------
void Mesh::Impl::queue_text(Link& link, FrameKind kind, std::string_view text) {
    link.connection.queue(small_frame(kind, tag, text.size()), bytes_of(text));
}

void Mesh::Impl::greet(Link& link) {
    link.stage = Stage::greeting;
    queue_text(link, FrameKind::hello, greeting_text(greeting()));
}

void Mesh::Impl::came_up(Link& link) {
    Peer& peer = peers[*link.rank];
    link.stage = Stage::up;
    link.spoke = link.heard = clock.monotonic();
    peer.backoff = config.dial_backoff_least;
    peer.refusal.clear();
    tell(PeerUp{*link.rank, std::move(link.hello)});
}

// Forgets the peer behind a link, and tells whoever waits for it.
void Mesh::Impl::part(Link& link, const Error& reason, bool refused) {
    const std::optional<Rank> known = link.known();
    if (link.dialled && peers[*link.dialled].dialling == &link) peers[*link.dialled].dialling = nullptr;
    if (link.rank && peers[*link.rank].link == &link) peers[*link.rank].link = nullptr;
    if (link.dialled) dial_later(*link.dialled, refused);
    if (link.stage == Stage::up) {
        tell(PeerDown{*link.rank, reason});
        losses.push_back({*link.rank, reason});
    } else if (refused) {
        report_refusal(known, reason);
    }
}

std::string Mesh::Impl::who(const Link& link) const {
    if (link.rank) return "site " + name(*link.rank);
    if (link.dialled) return fmt::format("site {} at {}", name(*link.dialled), link.address);
    return "connection from " + link.address.substr(0, link.address.rfind(':'));
}

// The connection is of no more use: nothing can be told to the other side.
void Mesh::Impl::break_off(Link& link, const Error& reason) {
    if (link.over) return;
    const bool told = link.stage == Stage::closing;
    if (!told) part(link, reason.within(who(link)), reason.code != Code::unavailable);
    link.over = true;
}

// Tells the other side why, and then waits for it to close.
void Mesh::Impl::refuse(Link& link, const Error& reason) {
    queue_text(link, FrameKind::refuse, reason.message.substr(0, 400));
    part(link, reason, true);
    link.stage = Stage::closing;
    link.deadline = clock.monotonic() + closing_limit;
}

// An alert of TLS is in the socket; closing now would destroy it before it is read.
void Mesh::Impl::fail_link(Link& link, const Error& reason) {
    if (reason.code == Code::refused && link.stage == Stage::securing) {
        part(link, reason.within(who(link)), true);
        link.stage = Stage::closing;
        link.deadline = clock.monotonic() + closing_limit;
    } else {
        break_off(link, reason);
    }
}

// --- frames -----------------------------------------------------------------------------------------
Status Mesh::Impl::take_hello(Link& link, std::span<const std::byte> body) {
    if (link.rank) return fail(Code::corrupted, "it says hello twice");
    auto theirs = parse_greeting(body);
    if (!theirs) return fail(Code::corrupted, "{}", theirs.error().message);
    const GreetingContext context{tls ? std::optional(link.connection.stream().identity()) : std::nullopt,
                                  link.dialled};
    const Result<Rank> rank = check_greeting(greeting(), *theirs, context);
    if (!rank) {
        refuse(link, rank.error());
        return {};
    }
    if (link.streams) end_what_is_cut(*rank);
    if (peers[*rank].link) {
        refuse(link,
               {Code::conflict,
                fmt::format("site {} is connected already (started twice? a dead connection ends by itself)",
                            name(*rank))});
        return {};
    }
    link.rank = *rank;
    if (link.streams) link.streams->prove();
    link.hello = std::move(theirs->session);
    peers[*rank].link = &link;
    queue_text(link, FrameKind::welcome, "");
    if (link.welcomed) came_up(link);
    return {};
}

// --- one pass ---------------------------------------------------------------------------------------
Status Mesh::Impl::advance(Link& link, bool readable, bool writable) {
    if (link.stage == Stage::connecting) {
        if (!writable) return {};
        EM_TRY(link.connection.stream().socket().connect_status());
        link.stage = Stage::securing;
        readable = true;
    }
    if (link.stage == Stage::securing) {
        if (!readable && !writable) return {};
        EM_ASSIGN(const bool done, link.connection.stream().handshake());
        if (done) greet(link);
        return {};
    }
    if (readable && link.stage != Stage::closing) return link.connection.read(link);
    return {};
}

void Mesh::Impl::check_timers() {
    const Nanoseconds now = clock.monotonic();
    for (const auto& link : links) {
        if (link->over) continue;
        if (link->stage == Stage::up)
            check_pulse(*link, now);
        else if (now >= link->deadline)
            break_off(*link, {Code::unavailable, "no answer in time"});
    }
}

void Mesh::Impl::check_pulse(Link& link, Nanoseconds now) {
    const Traffic traffic = traffic_of(link.connection.stream());
    if (traffic.sent_bytes != link.seen.sent_bytes) link.spoke = now;
    // While this site did not listen, nobody was silent.
    if (traffic.received_bytes != link.seen.received_bytes || was_away) link.heard = now;
    link.seen = traffic;
    if (now - link.spoke >= config.heartbeat && link.connection.is_idle()) {
        link.spoke = now;
        link.connection.queue(small_frame(FrameKind::ping, tag, 0), {});
    }
    if (config.silence_limit > Nanoseconds(0) && now - link.heard >= config.silence_limit) {
        break_off(link,
                  {Code::unavailable, fmt::format("silent for {:.1f} s", to_seconds(now - link.heard))});
    }
}

}  // namespace euromesh::sync
