// The HTTP server: routes, limits, TLS, events, metrics; a few threads.
//
// Why a class of ours around Boost.Asio: every limit of docs/http.md is kept here, once, for all routes. A
// connection belongs to one thread of the server and handles one request at a time; requests that a client
// sends ahead wait in a bounded buffer. Handlers run on these threads (see Handler).
//
// Without a certificate it listens on loopback only, unless a proxy in front is named: then connections from
// other addresses are closed and the client's address is the last of X-Forwarded-For.
//
// Thread rule: start() and the destructor from one thread; the rest from any. It does not: HTTP/2,
// compression, files, CORS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/os/address.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"
#include "federation/http/metrics.hpp"
#include "federation/http/rate_limiter.hpp"
#include "federation/http/route.hpp"

namespace euromesh::federation {

struct TlsFiles {
    os::Path certificate;  // PEM, the server's first, then the authorities between
    os::Path key;          // PEM, unencrypted
};

struct HttpLimits {
    std::size_t header_bytes = 16u << 10;
    std::size_t connections = 10000;
    std::size_t connections_of_address = 4000;  // not behind a proxy, where all come from one
    std::size_t event_streams = 2000;
    std::size_t event_buffer_bytes = 256u << 10;  // for each stream
    RateLimit rate{.per_second = 200, .burst = 400};
    Nanoseconds handshake = std::chrono::seconds(10);
    Nanoseconds read_header = std::chrono::seconds(10);
    Nanoseconds read_body = std::chrono::seconds(30);
    Nanoseconds idle = std::chrono::seconds(60);    // between requests
    Nanoseconds write = std::chrono::seconds(30);   // without a byte taken by the client
    Nanoseconds answer = std::chrono::seconds(30);  // by the handler
    Nanoseconds heartbeat = std::chrono::seconds(15);
};

struct HttpOptions {
    os::Endpoint listen{"127.0.0.1", 0};
    std::optional<TlsFiles> tls{};
    std::string proxy{};  // address of the proxy in front, which does TLS
    unsigned threads = 2;
    HttpLimits limits{};
    bool access_log = true;
};

// Says who calls: fills principal and principal_name of the call, or gives the problem (401, 403). Called on
// the server's threads, for routes with a scope only, before the body is read.
using Authenticate = std::function<std::optional<Problem>(HttpCall&, const Route&)>;

class HttpServer {
  public:
    // Everything passed by reference must outlive it. bad_input: the api, the options or the certificate;
    // conflict: the port is taken; refused: a plain listener that strangers could reach.
    static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, Api api, Authenticate authenticate,
                                                     const Clock& clock, const Logger& logger,
                                                     MetricRegistry& metrics);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const;
    const Api& api() const;
    // Reads the files again; connections that are open keep what they have. On failure all stays as it was.
    Status reload_certificate();
    // No new connections; running requests are finished, event streams end. Returns when all is done or after
    // `patience`, when the rest is cut off.
    void stop(Nanoseconds patience);

  private:
    struct State;
    explicit HttpServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// GET /metrics. The scope may be empty for a listener that only the monitoring can reach.
Route metrics_route(const MetricRegistry& metrics, std::string scope);

}  // namespace euromesh::federation
