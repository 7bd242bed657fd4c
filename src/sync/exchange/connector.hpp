// How a site gets out: plainly, through a SOCKS5 or HTTP proxy, or through a command such as `ssh -W`.
//
// Why: compute nodes and login nodes of many centres reach the world only by a proxy or a gateway. A
// Connector is that choice in one text form, the same in a run file and on the command line; a Dialler makes
// a stream to an endpoint with it; a DirectWay does so for a mesh.
//
//   plain
//   socks5://proxy.example:1080                     names are looked up by the proxy (RFC 1928)
//   socks5://proxy.example:1080?login=/path/file    with user:password from a file (RFC 1929)
//   http://proxy.example:3128                       CONNECT (RFC 9110 section 9.3.6), ?login= as above
//   (Basic) command: ssh -W {host}:{port} gateway           its standard input and output are the stream; no
//   shell
//
// Thread rule: a Dialler belongs to one thread at a time, which may wait: dial() blocks, but looks at `stop`
// at least every 50 ms.
//
// Invariants: a login never appears in text(), an error, or an argument list; its file must be readable by
// its owner only. What a proxy may send before the stream begins is bounded, and no byte of the stream is
// lost. A command ends with its Dialler, or with the next dial().
//
// It does not: encrypt, trust a proxy with anything but reaching the endpoint, speak TLS to an HTTP proxy.
#pragma once

#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "base/os/file.hpp"
#include "base/os/piped_child.hpp"
#include "sync/exchange/way.hpp"

namespace euromesh::sync {

struct Connector {
    enum class Kind { plain, socks5, http, command };
    Kind kind = Kind::plain;
    os::Endpoint proxy;                // socks5, http
    os::Path login;                    // empty: none
    std::vector<std::string> command;  // with {host} and {port}

    // As it was written.
    std::string text() const;
    bool operator==(const Connector&) const = default;
};

// bad_input: says what is wrong and what would be right.
Result<Connector> parse_connector(std::string_view text);

// For tests: a name with a dead address.
using Resolver =
    std::function<Result<std::vector<os::Address>>(const os::Endpoint&, os::Family, const std::stop_token&)>;

struct ConnectorOptions {
    Connector via;
    os::Family family = os::Family::any;  // of what this site itself connects to: the endpoint, or the proxy
    os::SocketOptions socket;             // with interface, pacing, congestion
    Nanoseconds limit = std::chrono::seconds(20);  // for one dial()
    Resolver resolver = os::resolve;
};

class Dialler {
  public:
    Dialler(ConnectorOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

    // unavailable: not now; refused: the proxy or the command says no; not_found: no such host, program or
    // interface; bad_input: the login file or the endpoint cannot be used; cancelled.
    Result<os::Socket> dial(const os::Endpoint& endpoint, const std::stop_token& stop);
    // "host:port", "host:port by socks5://proxy:1080"
    std::string text(const os::Endpoint& endpoint) const;
    // Why a stream that was just made has ended, as far as the command has told; empty otherwise.
    std::string complaint();
    const ConnectorOptions& options() const { return options_; }

  private:
    Result<os::Socket> connect(const os::Endpoint& endpoint, const std::stop_token& stop);
    Result<os::Socket> by_proxy(const os::Endpoint& endpoint, const std::stop_token& stop);
    Result<os::Socket> by_command(const os::Endpoint& endpoint, const std::stop_token& stop);
    Status wait_for_a_sign(const os::Socket& stream, const std::stop_token& stop);

    ConnectorOptions options_;
    const Clock& clock_;
    std::optional<os::PipedChild> child_;
    Nanoseconds child_began_{0};
};

// A way to a peer that listens. Give it at the site that dials, the one of higher rank, only.
class DirectWay final : public Way {
  public:
    DirectWay(os::Endpoint peer, ConnectorOptions options, const Clock& clock)
        : peer_(std::move(peer)), dialler_(std::move(options), clock) {}
    Result<Arrival> connect(std::stop_token stop) override;
    std::string text() const override { return dialler_.text(peer_); }

  private:
    os::Endpoint peer_;
    Dialler dialler_;
};

}  // namespace euromesh::sync
