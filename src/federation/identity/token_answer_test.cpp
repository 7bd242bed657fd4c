#include "federation/identity/token_answer.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("a good answer") {
    const auto set = parse_token_answer(
        200,
        R"({"access_token":"a.b.c","token_type":"bearer","expires_in":60,"refresh_token":"r","scope":"x"})",
        1000);
    REQUIRE(set);
    CHECK(set->access_token == "a.b.c");
    CHECK(set->refresh_token == "r");
    CHECK(set->id_token.empty());
    CHECK(set->expires_ms == 61'000);
    CHECK(parse_token_answer(200, R"({"access_token":"a","token_type":"Bearer"})", 0)->expires_ms == 300'000);
    CHECK(parse_token_answer(200, R"({"access_token":"a","token_type":"Bearer","expires_in":-5})", 7)
              ->expires_ms == 7);
}

TEST_CASE("errors have a code for what to do, and only names of errors are repeated") {
    const auto code = [](int status, std::string_view body) {
        return parse_token_answer(status, body, 0).error();
    };
    CHECK(code(400, R"({"error":"invalid_grant"})").message == "token endpoint: invalid_grant");
    CHECK(code(400, R"({"error":"invalid_grant"})").code == Code::refused);
    CHECK(code(400, "{\"error\":\"\x1b[31m\"}").message == "token endpoint: status 400");
    CHECK(code(503, "").code == Code::unavailable);
    CHECK(code(429, "").code == Code::unavailable);
    CHECK(code(302, "").code == Code::refused);
    for (const char* body :
         {"", "{}", R"({"access_token":"a"})", R"({"access_token":"a","token_type":"mac"})",
          R"({"access_token":"a b","token_type":"Bearer"})",
          R"({"access_token":"a\r\nx","token_type":"Bearer"})",
          R"({"access_token":"a","access_token":"b","token_type":"Bearer"})"}) {
        CHECK_MESSAGE(code(200, body).code == Code::bad_input, body);
    }
    CHECK(oauth_error_of(400, R"({"error":"slow_down"})") == "slow_down");
    CHECK(oauth_error_of(200, R"({"error":"slow_down"})").empty());
}

}  // namespace
}  // namespace euromesh::federation
