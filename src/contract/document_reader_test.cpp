#include "contract/document_reader.hpp"

#include <doctest/doctest.h>

namespace euromesh::contract {
namespace {

std::string first_error(const char* text, void (*read)(DocumentReader&)) {
    const Json document = parse_json(text).value();
    DocumentReader reader(document, "thing");
    read(reader);
    reader.finish();
    const Status status = reader.status();
    return status ? "" : status.error().message;
}

TEST_CASE("durations are ISO 8601 in falling units") {
    CHECK(parse_iso8601_duration_ms("PT30M") == 30 * 60 * 1000);
    CHECK(parse_iso8601_duration_ms("P1DT2H3M4S") == 93784000);
    CHECK(parse_iso8601_duration_ms("P2W") == 14ll * 86400 * 1000);
    for (const char* bad :
         {"", "P", "PT", "30M", "PT30", "P1H", "PT1M1H", "PT-1S", "PT1.5S", "P1DT", "P999999999W"})
        CHECK_MESSAGE(!parse_iso8601_duration_ms(bad), bad);
}

TEST_CASE("the first thing that is wrong is named by its pointer") {
    CHECK(first_error("[]", [](DocumentReader&) {}) == "thing: must be a JSON object");
    CHECK(first_error(R"({"a":{"b/c":3}})", [](DocumentReader& r) { r.object("a").text("b/c", ""); }) ==
          "thing: /a/b~1c must be text");
    CHECK(first_error(R"({"a":["x",7]})", [](DocumentReader& r) { r.texts("a", 5, 5); }) ==
          "thing: /a/1 must be text");
    CHECK(first_error(R"({"gpu":1})", [](DocumentReader& r) {
              r.integer("gpus", 0, {0, 5});
          }) == "thing: /gpu is unknown; do you mean 'gpus'?");
    CHECK(first_error(R"({"n":18446744073709551615})", [](DocumentReader& r) {
              r.integer("n", 0, {-1, 5});
          }) == "thing: /n must be a whole number from -1 to 5");
    CHECK(first_error(R"({"a":[{},3]})", [](DocumentReader& r) { r.each("a", 3, [](DocumentReader&) {}); }) ==
          "thing: /a/1 must be an object");
    CHECK(first_error(R"({"t":"a\u0000b"})", [](DocumentReader& r) { r.text("t", ""); }) ==
          "thing: /t must be without control characters");
}

TEST_CASE("what is absent gives the fallback, and nothing is wrong") {
    CHECK(first_error("{}", [](DocumentReader& r) {
              CHECK(r.integer("n", 4, {0, 9}) == 4);
              CHECK(r.text("t", "x") == "x");
              CHECK(r.object("o").boolean("b", true));
              CHECK(r.duration_ms("d", {1000, 2000}) == 0);
          }) == "");
}

}  // namespace
}  // namespace euromesh::contract
