#include "federation/http/server.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/hash.hpp"
#include "base/os/entropy.hpp"
#include "base/os/thread.hpp"
#include "federation/http/connection.hpp"

namespace euromesh::federation {
namespace {

constexpr auto tick_period = std::chrono::milliseconds(100);
constexpr unsigned most_threads = 64;
constexpr std::uint64_t most_pem_bytes = 1u << 20;

std::string random_name() {
    std::array<std::uint8_t, 5> bytes{};
    os::fill_random(std::as_writable_bytes(std::span(bytes)));
    return to_hex(bytes);
}

Result<std::shared_ptr<ServerIdentity>> read_identity(const TlsFiles& files) {
    EM_ASSIGN(const std::string certificate, os::read_file(files.certificate, most_pem_bytes));
    EM_ASSIGN(const std::string key, os::read_file(files.key, most_pem_bytes));
    auto identity = ServerIdentity::make(certificate, key);
    if (!identity) return fail(identity.error().within(files.certificate.string()));
    return identity;
}

Status check_options(const HttpOptions& options) {
    if (options.threads < 1 || options.threads > most_threads) {
        return fail(Code::bad_input, "HTTP server: {} threads; use 1 to {}", options.threads, most_threads);
    }
    if (!options.proxy.empty() && os::address_bytes(options.proxy).empty()) {
        return fail(Code::bad_input, "HTTP server: proxy '{}' is not a numeric address", options.proxy);
    }
    if (options.tls) return {};
    EM_ASSIGN(const bool is_local, is_loopback(options.listen));
    if (!is_local && options.proxy.empty()) {
        return fail(Code::refused,
                    "HTTP server: {} can be reached by others; give a certificate and a key, name the proxy "
                    "in front, "
                    "or listen on 127.0.0.1",
                    options.listen.text());
    }
    return {};
}

// One thread and its connections, which nobody else touches.
struct Lane {
    std::shared_ptr<IoLoop> loop = std::make_shared<IoLoop>();
    std::map<Connection*, std::shared_ptr<Connection>> connections{};
    bool is_stopping = false;
    os::Thread thread{};

    std::vector<std::shared_ptr<Connection>> all() const {
        std::vector<std::shared_ptr<Connection>> list;
        for (const auto& [key, connection] : connections) list.push_back(connection);
        return list;
    }
};

}  // namespace

struct HttpServer::State {
    State(HttpOptions o, Api a, Authenticate authenticate, const Clock& time, const Logger& log,
          MetricRegistry& registry)
        : options(std::move(o)),
          api(std::move(a)),
          clock(time),
          dispatcher(api, std::move(authenticate), options.limits.rate, !options.proxy.empty(), time,
                     random_name()),
          metrics(registry, api.routes),
          logger(log) {
        for (unsigned i = 0; i < options.threads; ++i) lanes.push_back(std::make_unique<Lane>());
    }

    ConnectionHost host() {
        return {dispatcher, metrics, options.limits, clock, options.access_log ? &logger : nullptr};
    }

    void accept(std::size_t index, std::shared_ptr<ByteStream> stream);
    bool is_welcome(const ByteStream& stream);
    void forget(Lane& lane, Connection* connection, std::string peer);
    bool enter(const std::string& peer);
    Status open_listener();
    void start_threads();
    void close_listener();
    void stop_lanes();
    bool wait_until_empty(Nanoseconds patience);
    void cut_all();

    HttpOptions options;
    Api api;
    const Clock& clock;
    Dispatcher dispatcher;
    ServerMetrics metrics;
    const Logger& logger;
    std::vector<std::unique_ptr<Lane>> lanes{};
    std::unique_ptr<Listener> listener{};
    std::mutex mutex{};
    std::size_t open_connections = 0;
    std::map<std::string, std::size_t> by_address{};
    std::condition_variable emptied{};
    std::atomic<bool> is_stopped{false};
};

bool HttpServer::State::is_welcome(const ByteStream& stream) {
    if (!options.proxy.empty() && stream.peer() != options.proxy) {
        metrics.refused_peer.add();
        return false;
    }
    if (enter(stream.peer())) return true;
    metrics.refused_full.add();
    return false;
}

// Counts one more connection, unless there are too many.
bool HttpServer::State::enter(const std::string& peer) {
    const std::lock_guard lock(mutex);
    const auto known = by_address.find(peer);
    const std::size_t own = known == by_address.end() ? 0 : known->second;
    const bool is_crowded = options.proxy.empty() && own >= options.limits.connections_of_address;
    if (open_connections >= options.limits.connections || is_crowded) return false;
    ++open_connections;
    ++by_address[peer];
    return true;
}

void HttpServer::State::accept(std::size_t index, std::shared_ptr<ByteStream> stream) {
    Lane& lane = *lanes[index];
    if (lane.is_stopping || !is_welcome(*stream)) return stream->cut();
    metrics.connections.add(1);
    const std::string peer = stream->peer();
    auto connection =
        std::make_shared<Connection>(host(), lane.loop, std::move(stream),
                                     [this, &lane, peer](Connection* closed) { forget(lane, closed, peer); });
    lane.connections.emplace(connection.get(), connection);
    connection->start();
}

// `peer` is a copy: the connection's own may go with it.
void HttpServer::State::forget(Lane& lane, Connection* connection, std::string peer) {
    if (lane.connections.erase(connection) == 0) return;
    metrics.connections.add(-1);
    const std::lock_guard lock(mutex);
    const auto own = by_address.find(peer);
    if (--own->second == 0) by_address.erase(own);
    if (--open_connections == 0) emptied.notify_all();
}

Status HttpServer::State::open_listener() {
    std::vector<std::shared_ptr<IoLoop>> loops;
    for (const auto& lane : lanes) loops.push_back(lane->loop);
    EM_ASSIGN(listener, Listener::open(options.listen, std::move(loops),
                                       [this](std::size_t index, std::shared_ptr<ByteStream> stream) {
                                           accept(index, std::move(stream));
                                       }));
    if (!options.tls) return {};
    EM_ASSIGN(auto identity, read_identity(*options.tls));
    listener->use_identity(std::move(identity));
    return {};
}

void HttpServer::State::start_threads() {
    for (const auto& lane : lanes) {
        Lane* const one = lane.get();
        one->loop->every(tick_period, [one] {
            for (const auto& connection : one->all()) connection->tick();
        });
        one->thread = os::Thread([one] { one->loop->run(); });
    }
    listener->start();
}

void HttpServer::State::stop_lanes() {
    lanes[0]->loop->post([this] { listener->close(); });
    for (const auto& lane : lanes) {
        lane->loop->post([one = lane.get()] {
            one->is_stopping = true;
            for (const auto& connection : one->all()) connection->begin_stop();
        });
    }
}

bool HttpServer::State::wait_until_empty(Nanoseconds patience) {
    std::unique_lock lock(mutex);
    return emptied.wait_for(lock, patience, [&] { return open_connections == 0; });
}

void HttpServer::State::cut_all() {
    for (const auto& lane : lanes) {
        lane->loop->post([one = lane.get()] {
            for (const auto& connection : one->all()) connection->cut();
            one->loop->stop();
        });
    }
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, Api api, Authenticate authenticate,
                                                      const Clock& clock, const Logger& logger,
                                                      MetricRegistry& metrics) {
    EM_TRY(api.check());
    EM_TRY(check_options(options));
    auto state = std::make_unique<State>(std::move(options), std::move(api), std::move(authenticate), clock,
                                         logger, metrics);
    EM_TRY(state->open_listener());
    state->start_threads();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
    stop(Nanoseconds(0));
}

std::uint16_t HttpServer::port() const {
    return state_->listener->port();
}

const Api& HttpServer::api() const {
    return state_->api;
}

Status HttpServer::reload_certificate() {
    if (!state_->options.tls)
        return fail(Code::bad_input, "HTTP server: it has no certificate to read again");
    EM_ASSIGN(auto identity, read_identity(*state_->options.tls));
    state_->listener->use_identity(std::move(identity));
    return {};
}

void HttpServer::stop(Nanoseconds patience) {
    if (state_->is_stopped.exchange(true)) return;
    state_->stop_lanes();
    state_->wait_until_empty(patience);
    state_->cut_all();
    for (const auto& lane : state_->lanes) lane->thread.join();
    // Operations that were called off hold connections, and these their loops: let them end.
    for (const auto& lane : state_->lanes) lane->loop->drain();
}

Route metrics_route(const MetricRegistry& metrics, std::string scope) {
    Route route;
    route.pattern = "/metrics";
    route.id = "show_metrics";
    route.summary = "Numbers for monitoring, in OpenMetrics.";
    route.tag = "operation";
    route.scope = std::move(scope);
    route.response_type = "application/openmetrics-text";
    route.handler = [&metrics](HttpCall&, const Responder& responder) {
        responder.answer(text_answer(metrics.text(), std::string(MetricRegistry::content_type)));
    };
    return route;
}

}  // namespace euromesh::federation
