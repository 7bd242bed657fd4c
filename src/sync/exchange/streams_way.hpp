// A stream to a peer over several TCP connections, which survives that any or all of them are cut.
//
// Why: one connection over a long line is as fast as its congestion control after the last loss, and is gone
// with the first middlebox that forgets it. The site of higher rank dials n connections (connector.hpp); the
// peer's mesh takes them at the port where it listens anyway: the preamble (streams_way_preamble.hpp) tells
// them from plain ones.
//
// What strangers can do: a preamble proves nothing. One that names no session makes a new one, which the mesh
// treats as any connection to its port: TLS must succeed in time, at most `unproven_sessions` of them wait
// for a pair, the oldest gives way, and a running session goes on beside them. Only a connection that knows
// both random numbers of a session (told to its two ends alone) comes to it. A site that was killed comes
// back as such a newcomer; when it has proven itself the mesh ends what is left of the old session.
//
// Thread rule: Way's for connect(); take() belongs to one thread, which is not connect()'s; counts() any.
// Invariants: StreamsSession's. Traffic that a mesh counts is without headers of segments and what was sent
// twice: 56 bytes a segment and an acknowledgement.
// It does not: encrypt or authenticate; listen; resume after a restart of either process.
#pragma once

#include "sync/exchange/connector.hpp"
#include "sync/exchange/streams_way_session.hpp"

namespace euromesh::sync {

struct StreamsCounts {
    std::uint64_t connections = 0, lost = 0, segments_resent = 0;
};

class StreamsWay final : public Way {
  public:
    static constexpr std::size_t unproven_sessions = 16;

    // At the site that is dialled, the one of lower rank.
    StreamsWay(StreamsConfig config, const Clock& clock);
    // At the site that dials.
    StreamsWay(StreamsConfig config, const Clock& clock, os::Endpoint peer, ConnectorOptions options);
    ~StreamsWay() override;

    // At the site that dials. unavailable: nobody there, or somebody else; otherwise as Dialler::dial.
    Result<Arrival> connect(std::stop_token stop) override;
    std::string text() const override;
    StreamsCounts counts() const;

    // At the site that is dialled.
    bool is_for(const StreamsPreamble& preamble) const;
    struct Newcomer {
        Arrival arrival;
        std::shared_ptr<StreamsSession> session;
    };
    // Of a connection that is_for() this way: it joins its session, is dropped, or is the first of a new one.
    std::optional<Newcomer> take(const StreamsPreamble& preamble, os::Socket connection);

  private:
    std::vector<std::shared_ptr<Way>> dials() const;
    std::optional<Newcomer> begin(const StreamsPreamble& preamble, os::Socket connection);
    void make_room();

    const StreamsConfig config_;
    const Clock& clock_;
    const std::optional<os::Endpoint> peer_;
    const ConnectorOptions options_;
    const Sha256Digest pair_;
    const std::shared_ptr<StreamsCounters> counters_ = std::make_shared<StreamsCounters>();
    std::unique_ptr<StreamsSession> dialled_;                // of connect()
    std::vector<std::shared_ptr<StreamsSession>> sessions_;  // of take(), oldest first
};

}  // namespace euromesh::sync
