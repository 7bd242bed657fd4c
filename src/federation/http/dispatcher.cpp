#include "federation/http/dispatcher.hpp"

#include <algorithm>

#include "base/os/address.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t most_key_bytes = 255;
constexpr std::size_t most_id_bytes = 64;

bool is_visible(std::string_view text, std::size_t most) {
    return !text.empty() && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<HttpMethod> method_of(std::string_view text) {
    for (const HttpMethod method :
         {HttpMethod::get, HttpMethod::put, HttpMethod::post, HttpMethod::patch, HttpMethod::del}) {
        if (text_of(method) == text) return method;
    }
    return text == "HEAD" ? std::optional(HttpMethod::get) : std::nullopt;
}

std::string allow_text(const std::vector<HttpMethod>& methods) {
    std::string text = "OPTIONS";
    for (const HttpMethod method : methods) {
        text += ", " + std::string(text_of(method));
        if (method == HttpMethod::get) text += ", HEAD";
    }
    return text;
}

HttpAnswer options_answer(const std::vector<HttpMethod>& allowed) {
    HttpAnswer answer;
    answer.status = 204;
    answer.headers.emplace_back("Allow", allow_text(allowed));
    return answer;
}

// The address that our own proxy has added: the last one. Those before it anybody can write.
std::string forwarded_client(const RequestHead& head, const std::string& peer) {
    std::string_view last;
    for (const auto& [name, value] : head.headers) {
        if (name == "x-forwarded-for") last = value;
    }
    last.remove_prefix(std::min(last.find_last_of(", ") + 1, last.size()));
    const std::string address(last);
    return os::address_bytes(address).empty() ? peer : address;
}

// One home or institute has a whole /64: its addresses are one client to the rate limit.
std::string rate_key_of(const std::string& address) {
    const std::string bytes = os::address_bytes(address);
    return "address " + (bytes.size() == 16 ? bytes.substr(0, 8) : bytes);
}

std::string_view media_type(std::string_view content_type) {
    content_type = content_type.substr(0, content_type.find(';'));
    while (!content_type.empty() && content_type.back() == ' ') content_type.remove_suffix(1);
    return content_type;
}

std::optional<Problem> check_query(const Route& route, const HttpCall& call) {
    for (const QueryParameter& one : route.query) {
        if (!one.required || call.query_value(one.name)) continue;
        return simple_problem(400, "bad-query", fmt::format("query parameter '{}' is missing", one.name));
    }
    return std::nullopt;
}

std::optional<Problem> check_key(const Route& route, HttpCall& call) {
    auto key = call.header("idempotency-key");
    if (route.idempotency == Idempotency::none) return std::nullopt;
    if (!key && route.idempotency == Idempotency::accepted) return std::nullopt;
    if (!key || !is_visible(*key, most_key_bytes)) {
        return simple_problem(
            400, "bad-idempotency-key",
            fmt::format("header 'Idempotency-Key' must be 1 to {} visible characters, new for each "
                        "thing that shall be done once",
                        most_key_bytes));
    }
    call.idempotency_key = std::move(key);
    return std::nullopt;
}

std::optional<Problem> check_type(const Route& route, const RequestHead& head) {
    if (route.request_schema.empty()) return std::nullopt;
    const std::string* const type = head.header("content-type");
    if (type != nullptr && media_type(*type) == "application/json") return std::nullopt;
    return simple_problem(415, "bad-content-type", "send 'Content-Type: application/json'");
}

}  // namespace

Dispatcher::Dispatcher(const Api& api, Authenticate authenticate, RateLimit rate, bool is_behind_proxy,
                       const Clock& clock, std::string instance)
    : api_(api),
      router_(api.routes),
      authenticate_(std::move(authenticate)),
      limiter_(rate),
      is_behind_proxy_(is_behind_proxy),
      clock_(clock),
      instance_(std::move(instance)) {}

std::string Dispatcher::next_request_id() {
    return fmt::format("{}-{}", instance_, requests_.fetch_add(1, std::memory_order_relaxed) + 1);
}

Admission Dispatcher::admit(const RequestHead& head, const std::string& peer) {
    Admission admission;
    HttpCall& call = admission.call;
    const std::string* const own_id = head.header("x-request-id");
    call.request_id = own_id != nullptr && is_visible(*own_id, most_id_bytes) ? *own_id : next_request_id();
    call.client = is_behind_proxy_ ? forwarded_client(head, peer) : peer;
    call.headers = head.headers;
    call.last_event_id = call.header("last-event-id");
    admission.is_head = head.method == "HEAD";
    const std::string_view target = head.target;
    const std::size_t mark = std::min(target.find('?'), target.size());
    call.raw_path = target.substr(0, mark);
    std::optional<Problem> problem = find_route(head, call.raw_path, admission);
    if (!problem && admission.route != nullptr) {
        auto query = parse_query(target.substr(std::min(mark + 1, target.size())));
        if (query)
            call.query = std::move(*query);
        else
            problem = problem_of(query.error());
        if (auto refusal = check_caller(admission)) problem = std::move(refusal);
        if (!problem) problem = check_headers(head, admission);
    } else if (auto refusal = too_often(rate_key_of(call.client), 1)) {
        problem = std::move(refusal);
        admission.answer.reset();
    }
    if (problem) admission.answer = problem_answer(*problem, call.request_id);
    return admission;
}

std::optional<Problem> Dispatcher::find_route(const RequestHead& head, std::string_view raw_path,
                                              Admission& admission) {
    if (api_.instead) return api_.instead;
    const std::optional<HttpMethod> method = method_of(head.method);
    if (raw_path == "*" && head.method == "OPTIONS") {
        admission.answer = options_answer({});
        return std::nullopt;
    }
    auto match = router_.match(method.value_or(HttpMethod::get), raw_path);
    if (!match) return problem_of(match.error());
    admission.call.path = percent_decoded(raw_path).value_or("");
    if (match->allowed.empty()) {
        return simple_problem(404, "no-such-path", "nothing has this path; /openapi.json lists all");
    }
    if (head.method == "OPTIONS") {
        admission.answer = options_answer(match->allowed);
        return std::nullopt;
    }
    if (!method || match->route == nullptr) {
        Problem problem =
            simple_problem(405, "no-such-method", fmt::format("this path has no {}", head.method));
        problem.headers.emplace_back("Allow", allow_text(match->allowed));
        return problem;
    }
    admission.route = match->route;
    admission.call.method = *method;
    admission.call.parameters = std::move(match->parameters);
    admission.body_limit = match->route->body_limit;
    return std::nullopt;
}

std::optional<Problem> Dispatcher::too_often(std::string_view client, double cost) {
    const Nanoseconds wait = limiter_.take(client, cost, clock_.monotonic());
    if (wait == Nanoseconds(0)) return std::nullopt;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    Problem problem = simple_problem(429, "too-many-requests",
                                     fmt::format("more requests than allowed; come again in {} s", seconds));
    problem.headers.emplace_back("Retry-After", std::to_string(seconds));
    return problem;
}

// Who is known has a rate of his own; strangers and failed attempts count against their address.
std::optional<Problem> Dispatcher::check_caller(Admission& admission) {
    const Route& route = *admission.route;
    HttpCall& call = admission.call;
    std::optional<Problem> refusal;
    if (!route.is_public()) {
        refusal = authenticate_ ? authenticate_(call, route)
                                : std::optional(not_authenticated("this server knows no callers"));
    }
    const bool is_known = !route.is_public() && !call.principal_name.empty();
    const std::string key = is_known ? "principal " + call.principal_name : rate_key_of(call.client);
    if (auto limited = too_often(key, route.cost)) return limited;
    return refusal;
}

std::optional<Problem> Dispatcher::check_headers(const RequestHead& head, Admission& admission) const {
    const Route& route = *admission.route;
    if (auto problem = check_query(route, admission.call)) return problem;
    if (auto problem = check_key(route, admission.call)) return problem;
    if (head.content_length.value_or(0) > route.body_limit || (head.is_chunked && route.body_limit == 0)) {
        return simple_problem(413, "too-large",
                              route.body_limit == 0
                                  ? std::string("this path takes no body")
                                  : fmt::format("the body has over {} bytes", route.body_limit));
    }
    return check_type(route, head);
}

std::optional<Problem> Dispatcher::take_body(Admission& admission, std::string body) const {
    const Route& route = *admission.route;
    if (route.request_schema.empty()) {
        admission.call.body = std::move(body);
        return std::nullopt;
    }
    auto document = parse_json(body, route.body_limit);
    if (!document) return problem_of(document.error().within("body"));
    Problem problem = simple_problem(
        400, "invalid-body",
        "the body does not fit its schema '" + route.request_schema + "'; 'errors' names the places");
    problem.faults = api_.schemas.faults_of(route.request_schema, *document);
    if (!problem.faults.empty()) return problem;
    admission.call.body = std::move(body);
    admission.call.json = std::move(*document);
    return std::nullopt;
}

}  // namespace euromesh::federation
