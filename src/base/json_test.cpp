#include "base/json.hpp"

#include <doctest/doctest.h>

namespace euromesh {
namespace {

TEST_CASE("a syntax error names line and column") {
    const Result<Json> bad = parse_json("{\n  \"a\": 1,\n  b\n}");
    REQUIRE(!bad);
    CHECK(bad.error().message == "not valid JSON at line 3, column 3");
}

TEST_CASE("size and depth are bounded before parsing") {
    CHECK(!parse_json("[1, 2, 3]", 4));
    CHECK(!parse_json(std::string(100, '[') + std::string(100, ']')));
    CHECK(parse_json("\"" + std::string(100, '[') + "\""));
}

TEST_CASE("typed reads say which key of which document is wrong") {
    const Json document = *parse_json(R"({"name":"x","count":3,"rate":0.5})");
    CHECK(json_string(document, "name", "doc") == "x");
    CHECK(json_integer(document, "count", "doc") == 3);
    CHECK(json_number(document, "rate", "doc") == 0.5);
    CHECK(json_integer(document, "rate", "line 7").error().message ==
          "line 7: 'rate' must be a whole number");
    CHECK(!json_string(document, "absent", "doc"));
    CHECK(!json_number(Json::array(), "x", "doc"));
}

TEST_CASE("keys keep their order, so that a document written twice is the same bytes") {
    CHECK(parse_json(R"({"b":1,"a":2})")->dump() == R"({"b":1,"a":2})");
}

}  // namespace
}  // namespace euromesh
