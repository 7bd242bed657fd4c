#include "federation/http/answer_writer.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("an answer has its length, its type and its request's name") {
    HttpAnswer answer = json_answer({{"a", 1}}, 201);
    answer.headers = {{"Location", "/v1/jobs/1"}};
    CHECK(
        answer_bytes(answer, {.request_id = "r-1"}) ==
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 7\r\nX-Request-Id: r-1\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nLocation: "
        "/v1/jobs/1\r\n\r\n{\"a\":1}");
}

TEST_CASE("to a HEAD the length is told and no body sent; a 204 has neither") {
    const std::string head = answer_bytes(json_answer({{"a", 1}}), {.request_id = "r", .is_head = true});
    CHECK(head.find("Content-Length: 7\r\n") != std::string::npos);
    CHECK(head.ends_with("\r\n\r\n"));
    HttpAnswer empty;
    empty.status = 204;
    CHECK(answer_bytes(empty, {.request_id = "r"}).find("Content-Length") == std::string::npos);
}

TEST_CASE("a stream has no length and ends with its connection") {
    const std::string bytes = answer_bytes(text_answer("", "text/event-stream"),
                                           {.request_id = "r", .keeps_alive = false, .has_length = false});
    CHECK(bytes.find("Content-Length") == std::string::npos);
    CHECK(bytes.find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("a header's value cannot begin another one") {
    HttpAnswer answer;
    answer.headers = {{"Location", "/a\r\nSet-Cookie: x"}, {"Cache-Control", "max-age=60"}};
    const std::string bytes = answer_bytes(answer, {.request_id = "r"});
    CHECK(bytes.find("\r\nSet-Cookie") == std::string::npos);
    CHECK(bytes.find("no-store") == std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
