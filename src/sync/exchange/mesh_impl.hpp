// The inside of Mesh: its links and what they share. Private to mesh.cpp (bytes, frames, one pass of I/O) and
// mesh_links.cpp (how a connection comes to be, is refused, and ends). Thread rule: Mesh's.
#pragma once

#include <map>
#include <set>

#include "sync/exchange/mesh.hpp"
#include "sync/exchange/streams_way.hpp"
#include "sync/exchange/streams_way_lobby.hpp"
#include "sync/exchange/way_caller.hpp"

namespace euromesh::sync {

FrameHeader small_frame(FrameKind kind, std::uint32_t tag, std::size_t length);
Traffic traffic_of(const os::Stream& stream);
Traffic operator+(const Traffic& a, const Traffic& b);

enum class Stage {
    connecting,  // TCP
    securing,    // TLS
    greeting,    // hello and welcome, both ways
    up,
    closing,  // our reason has been sent; waits for the other side to read it and close
};

struct Mesh::Impl {
    // One connection, from its first packet to its last.
    struct Link final : FrameHandler {
        Link(Impl& owner, std::unique_ptr<os::Stream> stream) : mesh(owner), connection(std::move(stream)) {}
        Status take(const FrameHeader& header, std::vector<std::byte> body) override {
            return mesh.take(*this, header, std::move(body));
        }
        Result<std::span<std::byte>> place(const FrameHeader& header) override {
            return mesh.place(*this, header);
        }
        void arrived(const FrameHeader& header) override {
            mesh.sinks.at(header.key)->arrived(*rank, header);
        }
        std::optional<BulkFrame> next() override { return mesh.next(*this); }
        void handed_over(const FrameHeader& header) override {
            const auto sink = mesh.sinks.find(header.key);
            if (sink != mesh.sinks.end()) sink->second->handed_over(*rank, header);
        }
        // Whose it is, as far as that is known.
        std::optional<Rank> known() const { return rank ? rank : dialled; }

        Impl& mesh;
        Connection connection;
        Stage stage = Stage::connecting;
        std::optional<Rank> dialled;  // whom this site asked for: dialled, or got by a way
        std::optional<Rank> rank;     // known once its hello has been accepted
        bool welcomed = false;        // by the other side
        bool ended_sending = false;
        bool over = false;
        Json hello;
        std::string address;
        std::shared_ptr<StreamsSession> streams;  // over which it came, if it did
        Nanoseconds deadline{0};
        Traffic seen;
        Nanoseconds spoke{0}, heard{0};
        std::set<ReduceKey> ready;  // what the peer has begun
    };

    struct Peer {
        Link* link = nullptr;  // its hello has been accepted
        Link* dialling = nullptr;
        std::unique_ptr<WayCaller> way;
        Nanoseconds dial_at{0};
        Nanoseconds backoff{0};
        Traffic past;         // of connections that are over
        std::string refusal;  // the last one reported
    };

    struct Loss {
        Rank peer;
        Error reason;
    };

    Impl(MeshConfig asked, const Clock& time, os::Socket opened);
    ~Impl();

    // mesh_links.cpp
    const std::string& name(Rank rank) const;
    Greeting greeting() const;
    Link& add_link(os::Socket socket, os::StreamRole role, std::optional<Rank> dialled, std::string address);
    std::shared_ptr<StreamsWay> door_of(Rank rank) const;
    std::shared_ptr<Way> way_to(Rank rank) const;
    bool reaches_out(Rank rank) const;
    bool waits_to_dial(Rank rank) const;
    void dial(Rank rank);
    void take_arrivals();
    void take_arrival(Rank rank, Result<Arrival> arrival);
    void dial_later(Rank rank, bool refused);
    void dial_due();
    void accept_all();
    bool has_room_for_strangers() const;
    void add_stranger(os::Socket socket);
    void hear_lobby();
    void admit(const StreamsPreamble& preamble, os::Socket socket);
    void end_what_is_cut(Rank rank);
    void report_refusal(std::optional<Rank> rank, Error reason);
    void queue_text(Link& link, FrameKind kind, std::string_view text);
    void greet(Link& link);
    void came_up(Link& link);
    void part(Link& link, const Error& reason, bool refused);
    std::string who(const Link& link) const;
    void break_off(Link& link, const Error& reason);
    void refuse(Link& link, const Error& reason);
    void fail_link(Link& link, const Error& reason);
    Status take_hello(Link& link, std::span<const std::byte> body);
    Status advance(Link& link, bool readable, bool writable);
    void check_timers();
    void check_pulse(Link& link, Nanoseconds now);

    // In place: g++ 12 warns falsely when a variant is moved into the vector.
    template <class Event>
    void tell(Event event) {
        events.emplace_back(std::in_place_type<Event>, std::move(event));
    }

    // mesh.cpp
    void send_ready(Link& link, const ReduceKey& key);
    Status take(Link& link, const FrameHeader& header, std::vector<std::byte> body);
    Status take_from_peer(Link& link, const FrameHeader& header, std::vector<std::byte> body);
    Result<std::span<std::byte>> place(Link& link, const FrameHeader& header);
    std::optional<BulkFrame> next(Link& link);
    void read(Link& link, bool readable, bool writable);
    void write(Link& link);
    void write_free(bool after_wait, const std::vector<os::WaitItem>& items);
    bool wants_write(const Link& link) const;
    std::vector<os::WaitItem> wait(Nanoseconds timeout);
    Nanoseconds until_next_timer() const;
    void bury();
    std::vector<MeshEvent> poll(Nanoseconds timeout);

    MeshConfig config;
    const Clock& clock;
    os::Socket listener;  // not open: nobody dials this site
    os::Waker waker;      // outlives the ways' threads, which are in peers
    std::optional<os::TlsContext> tls;
    std::uint32_t tag = 0;
    std::vector<Peer> peers;
    std::vector<std::shared_ptr<StreamsWay>> doors;  // of peers that dial this site with several connections
    StreamsLobby lobby;
    std::vector<std::unique_ptr<Link>> links;
    std::map<ReduceKey, BulkSink*> sinks;
    std::vector<MeshEvent> events;
    std::vector<Loss> losses;
    Traffic strangers;
    std::string stranger_refusal;
    Nanoseconds polled{0};
    bool was_away = false;  // poll() was not called for longer than a heartbeat
};

}  // namespace euromesh::sync
