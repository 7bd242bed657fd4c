// What a handler gets and what it gives back.
//
// Everything in an HttpCall comes from outside: its sizes are bounded by the server's limits and its text may
// be anything that these let through. Plain values; a call belongs to the thread that handles it.
#pragma once

#include <any>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "federation/http/problem.hpp"

namespace euromesh::federation {

// HEAD is answered by the GET of the same path, OPTIONS by the server.
enum class HttpMethod { get, put, post, patch, del };
std::string_view text_of(HttpMethod method);

using TextPairs = std::vector<std::pair<std::string, std::string>>;

struct HttpCall {
    HttpMethod method = HttpMethod::get;
    std::string path{};      // decoded, without the query
    std::string raw_path{};  // as it came, percent-encoded
    TextPairs parameters{};  // of the path, decoded: {"id", "j-17"}
    TextPairs query{};       // decoded, in order; a name may come twice
    TextPairs headers{};     // names in lower case
    std::string body{};
    // The body as JSON when the route names a request schema; it has been held against that.
    Json json = nullptr;
    std::string client{};      // address, without port
    std::string request_id{};  // the client's own when it is a sane one
    std::optional<std::string> idempotency_key{};
    std::optional<std::string> last_event_id{};
    // Set by the authenticate hook. The name is the key of the rate limit and stands in the access log.
    std::any principal{};
    std::string principal_name{};

    // Empty when absent. A parameter that the route's pattern has is never absent.
    const std::string& parameter(std::string_view name) const;
    std::optional<std::string> query_value(std::string_view name) const;
    std::optional<std::string> header(std::string_view lower_case_name) const;
};

struct HttpAnswer {
    int status = 200;
    std::string body{};
    std::string content_type = "application/json";
    TextPairs headers{};
};

// One line of JSON. Text that is not UTF-8 is repaired.
HttpAnswer json_answer(const Json& document, int status = 200);
HttpAnswer text_answer(std::string body, std::string content_type, int status = 200);
HttpAnswer problem_answer(const Problem& problem, std::string_view request_id);

// Pairs of "a=1&b=%20" and the like, decoded ('+' is a space). bad_input: a broken escape, bytes that are no
// UTF-8, a control character, more than `most` pairs.
Result<TextPairs> parse_query(std::string_view query, std::size_t most = 64);
// "%41" becomes "A". bad_input: a broken escape, or what it gives is not UTF-8 or has control characters.
Result<std::string> percent_decoded(std::string_view text);
std::string percent_encoded(std::string_view text);
// UTF-8 (RFC 3629) without control characters.
bool is_plain_text(std::string_view text);

}  // namespace euromesh::federation
