#include "federation/http/route.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

Route route(HttpMethod method, std::string pattern, std::string id) {
    Route one;
    one.method = method;
    one.pattern = std::move(pattern);
    one.id = std::move(id);
    one.handler = [](HttpCall&, const Responder&) {};
    return one;
}

Api jobs_api() {
    Api api;
    api.routes = {route(HttpMethod::get, "/v1/jobs/{id}", "show_job"),
                  route(HttpMethod::del, "/v1/jobs/{id}", "cancel_job"),
                  route(HttpMethod::get, "/v1/jobs/mine", "my_jobs"),
                  route(HttpMethod::get, "/v1/jobs", "list_jobs"),
                  route(HttpMethod::get, "/v1/jobs/{id}/logs/{name}", "show_log"),
                  route(HttpMethod::get, "/", "start")};
    return api;
}

std::string matched(const Router& router, HttpMethod method, std::string_view path) {
    const auto match = router.match(method, path);
    if (!match) return "bad";
    if (match->route == nullptr) return match->allowed.empty() ? "none" : "not allowed";
    std::string text = match->route->id;
    for (const auto& [name, value] : match->parameters) text += " " + name + "=" + value;
    return text;
}

TEST_CASE("a path finds its route, fixed names before parameters") {
    const Api api = jobs_api();
    REQUIRE(api.check());
    const Router router(api.routes);
    CHECK(matched(router, HttpMethod::get, "/v1/jobs") == "list_jobs");
    CHECK(matched(router, HttpMethod::get, "/v1/jobs/j-1") == "show_job id=j-1");
    CHECK(matched(router, HttpMethod::del, "/v1/jobs/j-1") == "cancel_job id=j-1");
    CHECK(matched(router, HttpMethod::get, "/v1/jobs/mine") == "my_jobs");
    CHECK(matched(router, HttpMethod::del, "/v1/jobs/mine") == "cancel_job id=mine");
    CHECK(matched(router, HttpMethod::get, "/v1/jobs/a/logs/b") == "show_log id=a name=b");
    CHECK(matched(router, HttpMethod::get, "/") == "start");
}

TEST_CASE("a path that is not there is none, a method that is not there is told with those that are") {
    const Api api = jobs_api();
    const Router router(api.routes);
    for (const char* const path :
         {"/v1", "/v1/jobs/", "/v1/jobs/a/logs", "/v2/jobs", "//", "/v1//jobs", "/V1/jobs"}) {
        CHECK(matched(router, HttpMethod::get, path) == "none");
    }
    CHECK(matched(router, HttpMethod::put, "/v1/jobs/a") == "not allowed");
    CHECK(router.match(HttpMethod::put, "/v1/jobs/a").value().allowed.size() == 2);
}

TEST_CASE("what is encoded stays in its segment, and cannot climb") {
    const Api api = jobs_api();
    const Router router(api.routes);
    CHECK(matched(router, HttpMethod::get, "/v1/jobs/a%2Fb%20c") == "show_job id=a/b c");
    CHECK(matched(router, HttpMethod::get, "/v1/jobs/%c3%a9") == "show_job id=\xc3\xa9");
    for (const char* const path : {"/v1/jobs/%", "/v1/jobs/..", "/v1/jobs/%2e%2e", "/v1/./jobs",
                                   "/v1/jobs/%00", "/v1/jobs/%ff", "v1/jobs", "", "*"}) {
        CHECK(matched(router, HttpMethod::get, path) == "bad");
    }
}

TEST_CASE("an api with a mistake names the route") {
    const auto complaint = [](Route wrong) {
        Api api = jobs_api();
        api.routes.push_back(std::move(wrong));
        const Status status = api.check();
        return status ? std::string("none") : status.error().message;
    };
    for (const char* const pattern :
         {"", "v1", "/v1/", "/{}", "/{id", "/{Id}", "/a b", "/{a}/{a}", "//a", "/..", "/A"}) {
        CHECK(complaint(route(HttpMethod::get, pattern, "wrong")).find("route wrong") != std::string::npos);
    }
    CHECK(complaint(route(HttpMethod::get, "/v1/jobs/{job}", "again")).find("show_job and again") !=
          std::string::npos);
    CHECK(complaint(route(HttpMethod::get, "/v1/x", "show_job")).find("taken") != std::string::npos);
    Route with_body = route(HttpMethod::get, "/v1/x", "x");
    with_body.body_limit = 1;
    CHECK(complaint(with_body).find("GET takes no body") != std::string::npos);
    Route unknown = route(HttpMethod::post, "/v1/x", "x");
    unknown.request_schema = "Nothing";
    CHECK(complaint(unknown).find("'Nothing'") != std::string::npos);
    Route idle = route(HttpMethod::get, "/v1/x", "x");
    idle.handler = nullptr;
    CHECK(complaint(idle).find("no handler") != std::string::npos);
    CHECK(complaint(route(HttpMethod::get, "/v1/x", "x")) == "none");
}

}  // namespace
}  // namespace euromesh::federation
