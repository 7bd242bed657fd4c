#include "facts/csv.hpp"

#include <doctest/doctest.h>

namespace euromesh::facts {

namespace {

CsvTable table_of(std::string_view text) {
    auto table = CsvTable::parse(text, "t.csv");
    REQUIRE(table);
    return *table;
}

std::string complaint_about(std::string_view text) {
    const auto table = CsvTable::parse(text, "t.csv");
    REQUIRE(!table);
    CHECK(table.error().code == Code::bad_input);
    return table.error().message;
}

template <class T>
std::string message_of(const Result<T>& result) {
    return result ? "no error" : result.error().message;
}

}  // namespace

TEST_CASE("quotes, doubled quotes, commas and line ends inside quotes, CRLF, no last line end") {
    const CsvTable table = table_of("id,note\r\na,\"x, \"\"y\"\"\r\nz\"\r\nb,");
    REQUIRE(table.size() == 2);
    CHECK(table.columns() == std::vector<std::string>{"id", "note"});
    CHECK(*table.row(0).text("note") == "x, \"y\"\r\nz");
    CHECK(table.row(0).line() == 2);
    CHECK(table.row(1).line() == 4);
    CHECK(!table.row(1).optional_text("note"));
}

TEST_CASE("a quoted empty field and spaces are kept as they are") {
    const CsvTable table = table_of("a,b\n\"\", x \n");
    CHECK(!table.row(0).optional_text("a"));
    CHECK(*table.row(0).text("b") == " x ");
}

TEST_CASE("what RFC 4180 does not allow is refused with file, line and column") {
    CHECK(complaint_about("a,b\n1,2\n1,x\"y\n") ==
          "t.csv:3: column 4: a quote inside a field that is not quoted");
    CHECK(complaint_about("a,b\n\"1\"2,3\n").find("t.csv:2: column 4: text after a closing quote") == 0);
    CHECK(complaint_about("a,b\n1,\"2\n3\n") ==
          "t.csv:4: column 1: the quote opened in line 2 is never closed");
    CHECK(complaint_about("a,b\n1,2\n\n").find("t.csv:3: column 1: an empty line") == 0);
    CHECK(complaint_about("a,b\n1,2\r3\n").find("t.csv:2: column 4: a carriage return") == 0);
}

TEST_CASE("rows of another width and bad headers are refused") {
    CHECK(complaint_about("a,b\n1\n").find("t.csv:2: 1 fields, the header has 2") == 0);
    CHECK(complaint_about("a,b\n\"x\ny\",2\n1,2,3\n").find("t.csv:4: 3 fields, the header has 2") == 0);
    CHECK(complaint_about("a,a\n") == "t.csv:1: column 'a' is named twice");
    CHECK(complaint_about("a,,b\n") == "t.csv:1: a column without a name");
    CHECK(complaint_about("").find("t.csv:1: empty") == 0);
}

TEST_CASE("text that is not UTF-8 is refused, well-formed text of any length of sequence is not") {
    CHECK(complaint_about("a\nx\ngr\xFC\n").find("t.csv:3: not UTF-8") == 0);
    CHECK(complaint_about("a\n\xC0\xAF\n").find("t.csv:2: not UTF-8") == 0);
    CHECK(complaint_about("a\n\xED\xA0\x80\n").find("t.csv:2: not UTF-8") == 0);
    CHECK(complaint_about("a\n\xE2\x82").find("t.csv:2: not UTF-8") == 0);
    CHECK(complaint_about("\xEF\xBB\xBFid\n").find("byte order mark") != std::string::npos);
    CHECK(*table_of("a\n\u00E9\u20AC\U0001F600\n").row(0).text("a") == "\u00E9\u20AC\U0001F600");
}

TEST_CASE("numbers: blank is unknown, never zero; anything but a plain number is refused") {
    const CsvTable table = table_of("n\n\"\"\n0\n-1.5e3\n\"1,5\"\n0x10\nnan\n\" 1\"\n1e999\n");
    const NumberBounds any{-1e9, 1e9};
    CHECK(!table.row(0).number("n", any)->has_value());
    CHECK(**table.row(1).number("n", any) == 0);
    CHECK(**table.row(2).number("n", any) == -1500);
    for (std::size_t row = 3; row < table.size(); ++row) {
        CAPTURE(row);
        CHECK(message_of(table.row(row).number("n", any)).find(" is not a number") != std::string::npos);
    }
    CHECK(message_of(table.row(2).number("n")).find("t.csv:4: n: -1.5e3 is outside 0 to ") == 0);
}

TEST_CASE("whole numbers, choices and required text") {
    const CsvTable table = table_of("n,c\n12,red\n1.5,green\n-3,\n,blue\n99999999999999999999,red\n");
    CHECK(**table.row(0).whole_number("n") == 12);
    CHECK(message_of(table.row(1).whole_number("n")) ==
          "t.csv:3: n: '1.5' is not a whole number (digits only; blank when unknown)");
    CHECK(!table.row(2).whole_number("n"));
    CHECK(!table.row(3).whole_number("n")->has_value());
    CHECK(!table.row(4).whole_number("n"));
    CHECK(*table.row(1).choice("c", {"red", "green"}) == 1);
    CHECK(message_of(table.row(3).choice("c", {"red", "green"})) ==
          "t.csv:5: c: 'blue' is not one of red, green");
    CHECK(message_of(table.row(2).text("c")) == "t.csv:4: c: blank; this field is required");
}

TEST_CASE("a missing column is named with those that there are") {
    const CsvTable table = table_of("id,nam\n");
    CHECK(table.expect_columns({"id"}));
    const Status status = table.expect_columns({"id", "name"});
    REQUIRE(!status);
    CHECK(status.error().message == "t.csv:1: column 'name' is missing (there are id, nam)");
}

}  // namespace euromesh::facts
