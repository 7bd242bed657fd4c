#include "federation/http/dispatcher.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

void nothing(HttpCall&, const Responder&) {}

Api test_api() {
    Api api;
    REQUIRE(api.schemas.add(
        "Job",
        {{"type", "object"}, {"required", {"name"}}, {"properties", {{"name", {{"type", "string"}}}}}}));
    Route show;
    show.pattern = "/v1/jobs/{id}";
    show.id = "show";
    show.query = {{"view", "", {{"type", "string"}}, true}};
    show.handler = nothing;
    Route submit;
    submit.method = HttpMethod::post;
    submit.pattern = "/v1/jobs";
    submit.id = "submit";
    submit.scope = "compute.create";
    submit.body_limit = 100;
    submit.request_schema = "Job";
    submit.idempotency = Idempotency::required;
    submit.handler = nothing;
    Route upload;
    upload.method = HttpMethod::put;
    upload.pattern = "/v1/files";
    upload.id = "upload";
    upload.body_limit = 10;
    upload.idempotency = Idempotency::accepted;
    upload.handler = nothing;
    api.routes = {show, submit, upload};
    REQUIRE(api.check());
    return api;
}

std::optional<Problem> only_alice(HttpCall& call, const Route& route) {
    CHECK(route.scope == "compute.create");
    if (call.header("authorization") == "Bearer bob") {
        call.principal_name = "bob";
        return simple_problem(403, "no-scope", "bob may not");
    }
    if (call.header("authorization") != "Bearer alice") return not_authenticated("no token");
    call.principal_name = "alice";
    return std::nullopt;
}

struct Desk {
    Api api = test_api();
    ManualClock clock{};
    Dispatcher dispatcher;
    explicit Desk(RateLimit rate = {}, bool is_behind_proxy = false)
        : dispatcher(api, only_alice, rate, is_behind_proxy, clock, "i") {}

    Admission admit(const std::string& line, const std::string& headers = "",
                    const std::string& peer = "192.0.2.1") {
        RequestHead head;
        const auto problem = parse_head(line + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n", head);
        REQUIRE_FALSE(problem);
        return dispatcher.admit(head, peer);
    }
    int status(const std::string& line, const std::string& headers = "",
               const std::string& peer = "192.0.2.1") {
        const Admission admission = admit(line, headers, peer);
        return admission.answer ? admission.answer->status : 200;
    }
};

std::string header_of(const HttpAnswer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
        if (key == name) return value;
    }
    return "";
}

const std::string good_post =
    "Authorization: Bearer alice\r\nContent-Type: application/json; charset=utf-8\r\nIdempotency-Key: k-1\r\n"
    "Content-Length: 20\r\n";

TEST_CASE("a good request reaches its route with all it brought") {
    Desk desk;
    const Admission show = desk.admit("GET /v1/jobs/a%20b?view=full&x=1");
    CHECK_FALSE(show.answer);
    CHECK(show.call.parameter("id") == "a b");
    CHECK(show.call.path == "/v1/jobs/a b");
    CHECK(show.call.query_value("view") == "full");
    CHECK(show.call.client == "192.0.2.1");
    CHECK(show.call.request_id == "i-1");
    const Admission submit = desk.admit("POST /v1/jobs", good_post + "X-Request-Id: mine\r\n");
    CHECK_FALSE(submit.answer);
    CHECK(submit.call.idempotency_key == "k-1");
    CHECK(submit.call.principal_name == "alice");
    CHECK(submit.call.request_id == "mine");
    CHECK(submit.body_limit == 100);
    CHECK(desk.admit("HEAD /v1/jobs/a?view=x").is_head);
}

TEST_CASE("each thing that is wrong has its status") {
    Desk desk;
    CHECK(desk.status("GET /v2") == 404);
    CHECK(desk.status("GET /v1/jobs/%zz") == 400);
    CHECK(desk.status("GET /v1/jobs/a?view=%zz") == 400);
    CHECK(desk.status("GET /v1/jobs/a") == 400);
    CHECK(desk.status("TRACE /v1/jobs") == 405);
    CHECK(desk.status("CONNECT /nowhere") == 404);
    CHECK(desk.status("POST /v1/jobs", "") == 401);
    CHECK(desk.status("POST /v1/jobs", "Authorization: Bearer bob\r\n") == 403);
    CHECK(desk.status("POST /v1/jobs", good_post) == 200);
    CHECK(desk.status("POST /v1/jobs", "Authorization: Bearer alice\r\nContent-Type: application/json\r\n") ==
          400);
    CHECK(desk.status("POST /v1/jobs", "Authorization: Bearer alice\r\nIdempotency-Key: a\r\n") == 415);
    CHECK(desk.status("POST /v1/jobs",
                      "Authorization: Bearer alice\r\nIdempotency-Key: a\r\nContent-Type: text/plain\r\n") ==
          415);
    CHECK(desk.status("PUT /v1/files", "Content-Length: 11\r\n") == 413);
    CHECK(desk.status("PUT /v1/files", "Content-Length: 10\r\n") == 200);
    CHECK(desk.status("PUT /v1/files", "Idempotency-Key: " + std::string(256, 'k') + "\r\n") == 400);
    CHECK(desk.status("GET /v1/jobs/a?view=x", "Content-Length: 1\r\n") == 413);
    CHECK(desk.status("GET /v1/jobs/a?view=x", "Transfer-Encoding: chunked\r\n") == 413);
}

TEST_CASE("a server that has one answer for everything does not look at routes, callers or bodies") {
    Desk desk;
    desk.api.instead = simple_problem(503, "not-leading", "another one leads");
    for (const char* line : {"GET /v1/jobs/7", "POST /v1/jobs", "GET /nothing", "OPTIONS *"}) {
        const Admission admission = desk.admit(line);
        REQUIRE(admission.answer);
        CHECK(admission.answer->status == 503);
        CHECK(admission.answer->body.find("another one leads") != std::string::npos);
    }
}

TEST_CASE("a path that is there tells its methods") {
    Desk desk;
    const Admission wrong = desk.admit("DELETE /v1/jobs/a");
    CHECK(wrong.answer->status == 405);
    CHECK(header_of(*wrong.answer, "Allow") == "OPTIONS, GET, HEAD");
    const Admission options = desk.admit("OPTIONS /v1/jobs");
    CHECK(options.answer->status == 204);
    CHECK(header_of(*options.answer, "Allow") == "OPTIONS, POST");
    CHECK(desk.status("OPTIONS *") == 204);
    CHECK(desk.status("OPTIONS /nowhere") == 404);
}

TEST_CASE("who is known has a rate of his own, strangers share their address") {
    Desk desk(RateLimit{.per_second = 1, .burst = 2});
    CHECK(desk.status("GET /v1/jobs/a?view=x") == 200);
    CHECK(desk.status("GET /nowhere") == 404);
    const Admission refused = desk.admit("GET /v1/jobs/a?view=x");
    CHECK(refused.answer->status == 429);
    CHECK(header_of(*refused.answer, "Retry-After") == "1");
    CHECK(desk.status("GET /nowhere") == 429);
    CHECK(desk.status("OPTIONS /v1/jobs") == 429);
    CHECK(desk.status("POST /v1/jobs") == 429);
    CHECK(desk.status("POST /v1/jobs", good_post) == 200);
    CHECK(desk.status("GET /v1/jobs/a?view=x", "", "192.0.2.2") == 200);
    desk.clock.advance(std::chrono::seconds(1));
    CHECK(desk.status("POST /v1/jobs") == 401);
    CHECK(desk.status("POST /v1/jobs") == 429);
}

TEST_CASE("the addresses of one IPv6 network are one client") {
    Desk desk(RateLimit{.per_second = 1, .burst = 1});
    CHECK(desk.status("GET /v1/jobs/a?view=x", "", "2001:db8::1") == 200);
    CHECK(desk.status("GET /v1/jobs/a?view=x", "", "2001:db8::2") == 429);
    CHECK(desk.status("GET /v1/jobs/a?view=x", "", "2001:db8:0:1::2") == 200);
}

TEST_CASE("only behind a proxy the client is whom the proxy names, and only the last name counts") {
    Desk plain;
    CHECK(plain.admit("GET /v1/jobs/a?view=x", "X-Forwarded-For: 10.0.0.1\r\n").call.client == "192.0.2.1");
    Desk desk({}, true);
    const auto client = [&](const std::string& value) {
        return desk.admit("GET /v1/jobs/a?view=x", "X-Forwarded-For: " + value + "\r\n").call.client;
    };
    CHECK(client("203.0.113.9") == "203.0.113.9");
    CHECK(client("1.1.1.1, 203.0.113.9") == "203.0.113.9");
    CHECK(client("1.1.1.1, nonsense") == "192.0.2.1");
    CHECK(desk.admit("GET /v1/jobs/a?view=x").call.client == "192.0.2.1");
}

TEST_CASE("a body is held against its schema") {
    Desk desk;
    Admission admission = desk.admit("POST /v1/jobs", good_post);
    CHECK_FALSE(desk.dispatcher.take_body(admission, R"({"name":"a"})"));
    CHECK(admission.call.json["name"] == "a");
    for (const char* const bad : {"", "{", "{\"name\":\"\xff\"}", "{\"name\":1}", "{}", "[]"}) {
        const auto problem = desk.dispatcher.take_body(admission, bad);
        REQUIRE(problem);
        CHECK(problem->status == 400);
    }
    CHECK(desk.dispatcher.take_body(admission, "{}")->faults.at(0).message == "misses 'name'");
    Admission file = desk.admit("PUT /v1/files", "Content-Length: 3\r\n");
    CHECK_FALSE(desk.dispatcher.take_body(file, "\xff\xfe{"));
    CHECK(file.call.body.size() == 3);
}

}  // namespace
}  // namespace euromesh::federation
