// One authenticated connection between each two sites of a run, over whatever way there is between them.
//
// A Mesh is one site's end. It listens, dials every site of lower rank for as long as it lives (so that a
// restarted site comes back), checks who answers and that both run the same thing, and then carries small
// messages of the session and bulk frames of reductions (reduce.hpp). It decides nothing about rounds.
// To a peer for which a Way is given (way.hpp: a proxy, a hub, a carrier of files) it neither dials nor
// listens: it asks the way for a stream, again and again, and speaks over that as over any other.
//
// Thread rule: single-threaded, but for the ways, which connect in threads that the mesh owns and that end
// with it. All I/O happens in poll(). Call it often: at least once per heartbeat, also while computing, or
// peers with a silence limit drop this site.
//
// Invariants
// - A peer is up only when both sides have checked each other's certificate and hello. peer_up and peer_down
//   alternate for each peer; messages of a peer come between them, in the order in which they were sent.
// - A refusal is told to the other side before the connection closes, so that both report the same reason.
// - Traffic counts every byte that went through the socket: TLS, framing, handshakes, refused connections.
// - Memory is bounded: per peer one partial message of at most message_max_bytes, `queue_limit_bytes` of
//   unsent messages, and the TLS buffers. Bulk bytes land where a BulkSink says, or are dropped.
//
// It does not: find sites (the run file names them), route through others, retry a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/os/socket.hpp"
#include "base/os/tls.hpp"
#include "sync/exchange/connection.hpp"
#include "sync/exchange/connector.hpp"
#include "sync/exchange/frame.hpp"
#include "sync/exchange/greeting.hpp"
#include "sync/exchange/way.hpp"

namespace euromesh::sync {

struct SiteAddress {
    SiteId site;
    os::Endpoint endpoint;
};

struct MeshConfig {
    RunId run;
    std::vector<SiteAddress> sites;
    Rank self = 0;
    std::string layout;  // digest of the model's layout; must be equal on all sites
    Json hello;          // free for the session: each peer gets it in peer_up
    // Absent: plain TCP without authentication, for tests and measurements only.
    std::optional<os::TlsCredentials> tls;
    // Where to listen; absent: this site's own endpoint. Not used when no peer dials this site: all of higher
    // rank have a way.
    std::optional<os::Endpoint> listen;
    // By rank; null, or a shorter list: dial and listen. A way whose two ends meet (a hub, a carrier) must be
    // given at both sites; one that only dials differently (connector.hpp), at the site of higher rank. One
    // of several connections (streams_way.hpp) is given at both, and the lower rank listens for it.
    std::vector<std::shared_ptr<Way>> ways;
    Nanoseconds heartbeat = std::chrono::seconds(5);
    Nanoseconds silence_limit{0};  // a peer silent for longer is down; 0: only when its connection ends
    Nanoseconds handshake_limit = std::chrono::seconds(20);
    Nanoseconds dial_backoff_least = std::chrono::milliseconds(50);
    Nanoseconds dial_backoff_most = std::chrono::seconds(5);
    std::size_t queue_limit_bytes = 64u << 20;
    os::SocketOptions socket;
    // How this site dials; absent: plainly. With it, or when a peer's endpoint is a name and no number,
    // dialling is a DirectWay: look-ups hold nothing up, and a dead address of a name costs little.
    std::optional<ConnectorOptions> connector;
};

struct PeerUp {
    Rank peer = 0;
    Json hello;
};
struct PeerDown {
    Rank peer = 0;
    Error reason;  // names the peer
};
// A connection that never came up because one side said no: another run, layout, certificate, or the way.
// Dialling goes on, but slowly; the session decides whether to go on waiting. Reported again only when the
// reason changes.
struct PeerRefused {
    std::optional<Rank> peer;  // absent: a stranger
    Error reason;              // names the peer or its address
};
struct PeerMessage {
    Rank peer = 0;
    std::uint16_t type;
    std::vector<std::byte> bytes;
};
using MeshEvent = std::variant<PeerUp, PeerDown, PeerRefused, PeerMessage>;

struct Traffic {
    std::uint64_t sent_bytes = 0;
    std::uint64_t received_bytes = 0;
};

// The receiver and source of the bulk frames of one key. Called from within Mesh::poll, attach, drop and
// ~Mesh only; none but lost() may call back into the mesh.
class BulkSink {
  public:
    virtual ~BulkSink() = default;
    // This member has room: frames may be sent to it.
    virtual void ready(Rank peer) = 0;
    // Where the body of this frame shall land: exactly header.length bytes, or an error: the peer breaks the
    // protocol and is dropped.
    virtual Result<std::span<std::byte>> place(Rank peer, const FrameHeader& header) = 0;
    virtual void arrived(Rank peer, const FrameHeader& header) = 0;
    // The next frame for this peer, or nothing for now. The body must stay as it is until handed_over: the
    // kernel has all of it.
    virtual std::optional<BulkFrame> next(Rank peer) = 0;
    virtual void handed_over(Rank peer, const FrameHeader& header) = 0;
    virtual void lost(Rank peer, const Error& reason) = 0;
};

class Mesh {
  public:
    // bad_input: the configuration; conflict: the port is taken; refused: the credentials do not fit.
    static Result<std::unique_ptr<Mesh>> open(MeshConfig config, const Clock& clock);
    ~Mesh();

    // One pass of I/O, after waiting at most `timeout` for something to do.
    std::vector<MeshEvent> poll(Nanoseconds timeout);

    // Copies the bytes. unavailable: the peer is down; no_space: its queue is full; bad_input: too large.
    Status send(Rank peer, std::uint16_t type, std::span<const std::byte> bytes);
    // Messages that have not gone to the socket yet, as bytes.
    std::size_t unsent_bytes(Rank peer) const;

    // Ends the connection and tells the peer why; a PeerDown with this reason follows.
    void drop(Rank peer, const std::string& reason);

    // Replaces the session's part of the hello for connections that are made from now on.
    void set_hello(Json hello);

    bool is_up(Rank peer) const;
    Rank self() const;
    const std::vector<SiteAddress>& sites() const;
    Traffic traffic(Rank peer) const;
    Traffic total_traffic() const;  // also of strangers
    std::uint16_t port() const;     // where it listens (when 0 was asked for); 0: it does not
    // For tests: where a peer without a way listens, when that was not known before.
    void set_endpoint(Rank peer, os::Endpoint endpoint);

    // Bulk frames of `key` go to and come from the sink until detach(). One sink a key. The members are told
    // that this site is ready for them.
    void attach(const ReduceKey& key, BulkSink& sink, std::span<const Rank> members);
    // From here on nothing of the sink is touched: a half-sent body is copied, a half-received one dropped.
    void detach(const ReduceKey& key);

  private:
    struct Impl;
    explicit Mesh(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace euromesh::sync
