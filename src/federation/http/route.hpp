// The API as data: each route says what it is, what it takes and gives, and who may call it.
//
// Why: the server, the OpenAPI document, the limits and the tests that walk every route read the same rows.
// Thread rule: an Api is filled, then only read.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "federation/http/call.hpp"
#include "federation/http/problem.hpp"
#include "federation/http/responder.hpp"
#include "federation/http/schema.hpp"

namespace euromesh::federation {

// Runs on a thread of the server: quick, never waiting. What takes long keeps the responder and answers from
// another thread. The call is valid only until the handler returns; things may be moved out of it.
using Handler = std::function<void(HttpCall&, const Responder&)>;

enum class Idempotency { none, accepted, required };

struct QueryParameter {
    std::string name;
    std::string description;
    Json schema = {{"type", "string"}};  // for the document; the handler checks
    bool required = false;               // the server answers 400 without it
};

struct Route {
    HttpMethod method = HttpMethod::get;
    std::string pattern{};      // "/v1/jobs/{id}"; {id} is one segment that is not empty
    std::string id{};           // operationId
    std::string summary{};      // one line
    std::string tag{};          // groups routes in the document
    std::string scope{};        // that the caller must hold; empty: public, nobody is asked who he is
    std::size_t body_limit{0};  // bytes; 0: no body
    std::string request_schema{};
    std::string response_schema{};
    int success_status = 200;
    std::string response_type = "application/json";  // text/event-stream for events
    std::vector<QueryParameter> query{};
    Idempotency idempotency = Idempotency::none;
    // Above the usual ones: {404, 409}. 400, 401, 403, 429 and the like follow from the rest.
    std::vector<int> problems{};
    double cost = 1;  // of a call, in the client's requests per second
    // Until the answer; then 503. 0: the server's. Of no meaning for event streams.
    Nanoseconds answer_limit{0};
    Handler handler{};

    bool is_public() const { return scope.empty(); }
    bool has_events() const { return response_type == "text/event-stream"; }
};

struct Api {
    std::string title{};
    std::string version{};
    std::string description{};
    std::vector<Route> routes{};
    SchemaSet schemas{};
    // Set: the answer to every request; the routes are not looked at.
    std::optional<Problem> instead{};

    // bad_input or conflict, naming the route: a bad pattern, two routes that could both match, an id twice,
    // an unknown schema, a schema for a body of no size.
    Status check() const;
};

// Which route a path means.
class Router {
  public:
    // The routes must have passed Api::check() and outlive the router.
    explicit Router(const std::vector<Route>& routes);

    struct Match {
        const Route* route = nullptr;
        std::vector<HttpMethod> allowed{};  // of the path; empty: no such path
        TextPairs parameters{};
    };
    // `raw_path` is still percent-encoded: "%2F" in a segment does not divide it. bad_input: a broken escape,
    // a segment "." or "..", text that is not UTF-8.
    Result<Match> match(HttpMethod method, std::string_view raw_path) const;

  private:
    struct Entry {
        std::vector<std::string> segments;  // "{id}" for a parameter
        const Route* route;
    };
    std::vector<Entry> entries_;
};

}  // namespace euromesh::federation
