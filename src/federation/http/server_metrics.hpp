// What the server counts of itself, one series for each route, made at start so that counting takes no lock.
//
// Thread rule: safe from any thread once made.
#pragma once

#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "federation/http/metrics.hpp"
#include "federation/http/route.hpp"

namespace euromesh::federation {

class ServerMetrics {
  public:
    ServerMetrics(MetricRegistry& registry, const std::vector<Route>& routes);

    // route: null for requests that found none.
    void count(const Route* route, int status, Nanoseconds duration);

    Gauge& in_flight;
    Gauge& connections;
    Gauge& event_streams;
    Counter& received_bytes;
    Counter& sent_bytes;
    // By reason.
    Counter& dropped_slow;     // event streams whose client reads too slowly
    Counter& refused_full;     // connections over a limit
    Counter& refused_peer;     // connections that do not come from the proxy
    Counter& broken_requests;  // bytes that were no request, or came too slowly

  private:
    struct Row {
        std::array<Counter*, 5> by_class;  // 1xx to 5xx
        Histogram* duration;
    };
    Row make_row(MetricRegistry& registry, const std::string& route);
    std::unordered_map<const Route*, Row> rows_;
};

}  // namespace euromesh::federation
