#include "federation/http/server_metrics.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("requests are counted by route and class of status, with those that found no route") {
    MetricRegistry registry;
    std::vector<Route> routes(1);
    routes[0].id = "show_job";
    ServerMetrics metrics(registry, routes);
    metrics.count(&routes[0], 200, std::chrono::milliseconds(3));
    metrics.count(&routes[0], 204, std::chrono::milliseconds(3));
    metrics.count(&routes[0], 503, std::chrono::milliseconds(3));
    metrics.count(nullptr, 404, std::chrono::milliseconds(1));
    metrics.count(nullptr, 999, std::chrono::milliseconds(1));
    const std::string text = registry.text();
    CHECK(text.find("http_requests_total{route=\"show_job\",status=\"2xx\"} 2\n") != std::string::npos);
    CHECK(text.find("http_requests_total{route=\"show_job\",status=\"5xx\"} 1\n") != std::string::npos);
    CHECK(text.find("http_requests_total{route=\"none\",status=\"4xx\"} 1\n") != std::string::npos);
    CHECK(text.find("http_requests_total{route=\"none\",status=\"5xx\"} 1\n") != std::string::npos);
    CHECK(text.find("http_request_duration_seconds_sum{route=\"show_job\"} 0.009000000\n") !=
          std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
