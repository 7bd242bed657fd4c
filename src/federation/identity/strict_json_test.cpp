#include "federation/identity/strict_json.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

bool is_taken(std::string_view text) {
    return parse_strict_object(text, 1000, "claims").has_value();
}

TEST_CASE("a name that stands twice is refused at any depth, also when it is spelt differently") {
    CHECK(is_taken(R"({"sub":"a","aud":{"sub":1},"list":[{"sub":1},{"sub":2}]})"));
    CHECK_FALSE(is_taken(R"({"sub":"a","sub":"b"})"));
    CHECK_FALSE(is_taken(R"({"sub":"a","\u0073ub":"b"})"));
    CHECK_FALSE(is_taken(R"({"a":[{"b":1,"b":1}]})"));
}

TEST_CASE("what is no object, too deep, too large or no JSON is refused, and nothing of it is quoted") {
    for (const char* wrong : {"", "[]", "1", "{", "{}x", "{'a':1}", "{\"a\":1e999}", "{\"a\":\"\xff\"}"}) {
        CHECK_MESSAGE(!is_taken(wrong), wrong);
    }
    CHECK(is_taken(R"({"a":[[[[[[[[[[[1]]]]]]]]]]]})"));
    CHECK_FALSE(is_taken(R"({"a":[[[[[[[[[[[[1]]]]]]]]]]]]})"));
    CHECK_FALSE(parse_strict_object("{\"a\":1}", 6, "claims").has_value());
    const auto bad = parse_strict_object("{\"secret\": oops", 1000, "claims");
    CHECK(bad.error().message.find("secret") == std::string::npos);
    CHECK(bad.error().message.starts_with("claims: "));
}

TEST_CASE("typed reads take nothing that is of another kind") {
    const Json object =
        parse_json(R"({"t":"x","n":5,"big":18446744073709551615,"l":["a","b"],"m":["a",1]})").value();
    CHECK(text_at(object, "t") == "x");
    CHECK_FALSE(text_at(object, "n"));
    CHECK(integer_at(object, "n") == 5);
    CHECK_FALSE(integer_at(object, "big"));
    CHECK_FALSE(integer_at(object, "t"));
    CHECK(texts_at(object, "t")->size() == 1);
    CHECK(texts_at(object, "l")->at(1) == "b");
    CHECK(texts_at(object, "none")->empty());
    CHECK_FALSE(texts_at(object, "m"));
    CHECK_FALSE(texts_at(object, "n"));
}

}  // namespace
}  // namespace euromesh::federation
