// What happens to a request between its bytes and its handler: route, caller, rate, headers, body.
//
// Order: the path and the method, who calls (routes with a scope), how often he may, then the query, the
// headers, the announced size; all that before a byte of the body is read. Then the body against its schema.
// Any step may answer instead. Thread rule: safe from any thread once made.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "federation/http/rate_limiter.hpp"
#include "federation/http/request_reader.hpp"
#include "federation/http/route.hpp"
#include "federation/http/server.hpp"

namespace euromesh::federation {

// A request that has a head. With an answer it is decided already.
struct Admission {
    const Route* route = nullptr;  // null: no such path or method
    HttpCall call{};
    bool is_head = false;
    std::size_t body_limit = 0;
    std::optional<HttpAnswer> answer{};
};

class Dispatcher {
  public:
    // The api must have passed its check. `instance` begins each request id that we make.
    Dispatcher(const Api& api, Authenticate authenticate, RateLimit rate, bool is_behind_proxy,
               const Clock& clock, std::string instance);

    // `peer`: address of the other side of the connection.
    Admission admit(const RequestHead& head, const std::string& peer);
    // The problem of a body that does not fit, before the handler would run.
    std::optional<Problem> take_body(Admission& admission, std::string body) const;
    std::string next_request_id();

    const Api& api() const { return api_; }

  private:
    std::optional<Problem> find_route(const RequestHead& head, std::string_view raw_path,
                                      Admission& admission);
    std::optional<Problem> check_caller(Admission& admission);
    std::optional<Problem> check_headers(const RequestHead& head, Admission& admission) const;
    std::optional<Problem> too_often(std::string_view client, double cost);

    const Api& api_;
    Router router_;
    Authenticate authenticate_;
    RateLimiter limiter_;
    bool is_behind_proxy_;
    const Clock& clock_;
    std::string instance_;
    std::atomic<std::uint64_t> requests_{0};
};

}  // namespace euromesh::federation
