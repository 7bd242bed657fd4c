#include "federation/http/problem.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

constexpr Code all_codes[] = {Code::bad_input, Code::not_found,   Code::conflict,
                              Code::refused,   Code::unavailable, Code::no_space,
                              Code::corrupted, Code::cancelled,   Code::internal};

TEST_CASE("each code has a status of its kind, and each of these a title") {
    CHECK(http_status_of(Code::bad_input) == 400);
    CHECK(http_status_of(Code::not_found) == 404);
    CHECK(http_status_of(Code::conflict) == 409);
    CHECK(http_status_of(Code::refused) == 403);
    CHECK(http_status_of(Code::unavailable) == 503);
    CHECK(http_status_of(Code::no_space) == 507);
    for (const Code code : all_codes) CHECK(title_of(http_status_of(code)) != "Unknown");
    CHECK(title_of(299) == "Unknown");
}

TEST_CASE("a problem document has the members of RFC 9457, faults and members of its own") {
    Problem problem = simple_problem(400, "bad-body", "two things are wrong");
    problem.faults = {{"/name", "must be text"}, {"", "misses 'size'"}};
    problem.members = {{"rule", "civilian-use"}};
    const Json document = parse_json(problem_text(problem, "r-1")).value();
    CHECK(document["type"] == "/problems/bad-body");
    CHECK(document["title"] == "Bad Request");
    CHECK(document["status"] == 400);
    CHECK(document["detail"] == "two things are wrong");
    CHECK(document["request_id"] == "r-1");
    CHECK(document["errors"][0]["pointer"] == "/name");
    CHECK(document["errors"][1]["detail"] == "misses 'size'");
    CHECK(document["rule"] == "civilian-use");
}

TEST_CASE("what went wrong inside is not told outside") {
    for (const Code code : {Code::internal, Code::corrupted}) {
        const Problem problem = problem_of(Error{code, "row 17 of table keys"});
        CHECK(problem.status == 500);
        CHECK(problem.detail.find("row 17") == std::string::npos);
    }
    CHECK(problem_of(Error{Code::bad_input, "name: use letters"}).detail == "name: use letters");
}

TEST_CASE("who may come again is told when, who is unknown how to say who he is") {
    const Problem busy = problem_of(Error{Code::unavailable, "no leader"});
    REQUIRE(busy.headers.size() == 1);
    CHECK(busy.headers[0].first == "Retry-After");
    const Problem unknown = not_authenticated("no token");
    CHECK(unknown.status == 401);
    CHECK(unknown.headers.at(0) == std::pair<std::string, std::string>("WWW-Authenticate", "Bearer"));
}

TEST_CASE("bytes that are no text do not break the document") {
    const std::string text = problem_text(simple_problem(400, "bad-input", "got \xff\xfe"), "r");
    CHECK(parse_json(text).has_value());
}

}  // namespace
}  // namespace euromesh::federation
