#include "federation/core/fields.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

struct Inner {
    std::string name;
    bool flag = false;
    bool operator==(const Inner&) const = default;
};
template <class A>
void describe(A& a, Inner& x) {
    a("name", x.name);
    a.optional("flag", x.flag);
}

struct Outer {
    std::int64_t number = 0;
    std::vector<Inner> list;
    std::map<std::string, std::int64_t> map;
    std::string note;
};
template <class A>
void describe(A& a, Outer& x) {
    a("number", x.number);
    a("list", x.list);
    a.optional("map", x.map);
    a.optional("note", x.note);
}

std::string error_of(const char* text) {
    const auto record = read_record<Outer>(parse_json(text).value(), "outer");
    return record ? "" : record.error().message;
}

TEST_CASE("a record is one line of JSON, and comes back from it") {
    const Outer outer{-7, {{"a\"\n", true}, {"ä", false}}, {{"k", 5}}, ""};
    const std::string text = record_text(outer);
    CHECK(text == R"({"number":-7,"list":[{"name":"a\"\n","flag":true},{"name":"ä"}],"map":{"k":5}})");
    CHECK(parse_json(text).value().dump() == text);
    const auto again = read_record<Outer>(parse_json(text).value(), "outer");
    REQUIRE(again);
    CHECK(record_text(*again) == text);
}

TEST_CASE("bytes that are no UTF-8 never make bad JSON") {
    const std::string text = record_text(Inner{"a\xff\x01", false});
    CHECK(parse_json(text));
}

TEST_CASE("nothing but the canonical form is read") {
    CHECK(error_of(R"({"list":[],"number":1})") == "outer/number: is missing or not in its place");
    CHECK(error_of(R"({"number":1,"list":[],"more":2})") == "outer/more: is unknown or not in its place");
    CHECK(error_of(R"({"number":1.5,"list":[]})") == "outer/number: must be a whole number of 64 bits");
    CHECK(error_of(R"({"number":18446744073709551615,"list":[]})") ==
          "outer/number: must be a whole number of 64 bits");
    CHECK(error_of(R"({"number":1,"list":[{"name":3}]})") == "outer/list/name: must be text");
    CHECK(error_of("3") == "outer: must be an object");
}

}  // namespace
}  // namespace euromesh::federation
