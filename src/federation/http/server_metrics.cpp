#include "federation/http/server_metrics.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

Counter& closed(MetricRegistry& registry, const char* reason) {
    return registry.counter("http_closed_connections", "Connections that the server ended, by reason.",
                            {{"reason", reason}});
}

}  // namespace

ServerMetrics::ServerMetrics(MetricRegistry& registry, const std::vector<Route>& routes)
    : in_flight(registry.gauge("http_requests_in_flight", "Requests that wait for their answer.")),
      connections(registry.gauge("http_connections", "Open connections.")),
      event_streams(registry.gauge("http_event_streams", "Open streams of events.")),
      received_bytes(registry.counter("http_received_bytes", "Bytes that clients have sent, without TLS.")),
      sent_bytes(registry.counter("http_sent_bytes", "Bytes sent to clients, without TLS.")),
      dropped_slow(closed(registry, "slow event reader")),
      refused_full(closed(registry, "too many connections")),
      refused_peer(closed(registry, "not the proxy")),
      broken_requests(closed(registry, "broken request")) {
    for (const Route& route : routes) rows_.emplace(&route, make_row(registry, route.id));
    rows_.emplace(nullptr, make_row(registry, "none"));
}

ServerMetrics::Row ServerMetrics::make_row(MetricRegistry& registry, const std::string& route) {
    Row row{};
    for (std::size_t i = 0; i < row.by_class.size(); ++i) {
        const Labels labels = {{"route", route}, {"status", fmt::format("{}xx", i + 1)}};
        row.by_class[i] = &registry.counter("http_requests", "Answered requests.", labels);
    }
    row.duration = &registry.histogram("http_request_duration_seconds",
                                       "From the head of a request to its answer.", {{"route", route}});
    return row;
}

void ServerMetrics::count(const Route* route, int status, Nanoseconds duration) {
    const auto found = rows_.find(route);
    EM_ASSERT(found != rows_.end(), "the route is one of those that were given");
    const std::size_t index = static_cast<std::size_t>(std::clamp(status / 100, 1, 5)) - 1;
    found->second.by_class[index]->add();
    found->second.duration->observe(duration);
}

}  // namespace euromesh::federation
