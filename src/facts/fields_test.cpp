#include "facts/fields.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace euromesh::facts {
namespace {

// What a reader says about a one-row table with the columns v, w, x; empty when nothing.
std::string said(const std::string& fields, const std::function<void(const CsvRow&)>& read) {
    Problems problems;
    const auto table = CsvTable::parse("v,w,x\n" + fields + "\n", "t.csv", {}, problems);
    REQUIRE(table);
    read(table->row(0, problems));
    if (problems.none()) return "";
    CHECK(problems.count() == 1);
    return in_words(problems.kept().front());
}

std::string order_of(const std::string& fields) {
    return said(fields, [](const CsvRow& row) { expect_order(row, "v", "w", "x"); });
}

}  // namespace

TEST_CASE("dates and years") {
    CHECK(
        said("2026-05,,", [](const CsvRow& row) { CHECK(to_iso(*date_in(row, "v")) == "2026-05"); }).empty());
    CHECK(said(",,", [](const CsvRow& row) { CHECK(!date_in(row, "v")); }).empty());
    CHECK(said("2026-02-30,,", [](const CsvRow& row) { date_in(row, "v"); }) ==
          "t.csv:2:1: v: '2026-02-30' does not exist (days of 2026-02 are 01 to 28)");
    CHECK(said(",2024,", [](const CsvRow& row) { CHECK(year_in(row, "w") == 2024); }).empty());
    CHECK(said(",2024-05,", [](const CsvRow& row) { year_in(row, "w"); }) ==
          "t.csv:2:2: w: '2024-05' is not a year (2024)");
}

TEST_CASE("countries are two capital letters") {
    CHECK(said("DE,,", [](const CsvRow& row) { CHECK(country_in(row, "v") == "DE"); }).empty());
    CHECK(said("Germany,,", [](const CsvRow& row) { CHECK(country_in(row, "v").empty()); }) ==
          "t.csv:2:1: v: 'Germany' is not a country (two capital letters: DE)");
    CHECK(said(",,", [](const CsvRow& row) { country_in(row, "v"); }) ==
          "t.csv:2:1: v: blank; this field is required");
    CHECK(said(",,", [](const CsvRow& row) { CHECK(!optional_country_in(row, "v")); }).empty());
}

TEST_CASE("yes, no and unknown") {
    CHECK(said("yes,no,", [](const CsvRow& row) {
              CHECK(yes_no_in(row, "v") == true);
              CHECK(yes_no_in(row, "w") == false);
              CHECK(!yes_no_in(row, "x"));
          }).empty());
    CHECK(said("true,,", [](const CsvRow& row) { yes_no_in(row, "v"); }) ==
          "t.csv:2:1: v: 'true' is not one of no, yes");
}

TEST_CASE("lists") {
    CHECK(said("FI;CZ,,", [](const CsvRow& row) {
              CHECK(list_in(row, "v") == std::vector<std::string>{"FI", "CZ"});
              CHECK(list_in(row, "w").empty());
          }).empty());
    for (const char* text : {"FI;", ";FI", "FI;;CZ", ";"}) {
        CAPTURE(text);
        CHECK(said(std::string(text) + ",,", [](const CsvRow& row) { list_in(row, "v"); }) ==
              fmt::format("t.csv:2:1: v: '{}' has an empty part (FI;CZ;DK)", text));
    }
}

TEST_CASE("addresses are http or https, and may be left out only by facts of grade C") {
    const auto source_of = [](const CsvRow& row) { source_in(row, {"v", "w", "", "x"}); };
    CHECK(said("s,https://a.eu/b,A", source_of).empty());
    CHECK(said("s,,C", source_of).empty());
    CHECK(said("s,,B", source_of) == "t.csv:2:3: w: blank; only a fact of grade C may go without an address");
    for (const char* url : {"ftp://a.eu", "a.eu", "https://", "http://a b.eu", "javascript:x"}) {
        CAPTURE(url);
        CHECK(said(fmt::format("s,{},A", url), source_of) ==
              fmt::format("t.csv:2:3: w: '{}' is not an address (https://...)", url));
    }
}

TEST_CASE("low, central, high are in order, as far as they are known") {
    CHECK(order_of("1,2,3").empty());
    CHECK(order_of("1,1,1").empty());
    CHECK(order_of(",2,").empty());
    CHECK(order_of("3,2,4") == "t.csv:2:1: v: 3 is above w, which is 2");
    CHECK(order_of("1,5,4") == "t.csv:2:3: w: 5 is above x, which is 4");
    CHECK(order_of("5,,4") == "t.csv:2:1: v: 5 is above x, which is 4");
    CHECK(order_of("5,many,4").empty());
}

}  // namespace euromesh::facts
