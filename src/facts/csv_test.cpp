#include "facts/csv.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace euromesh::facts {

namespace {

struct Read {
    std::optional<CsvTable> table = {};
    Problems problems = {};

    CsvRow row(std::size_t index) { return table->row(index, problems); }
    std::string last() const { return problems.none() ? "" : in_words(problems.kept().back()); }
};

Read read(std::string_view text, const std::vector<std::string_view>& columns = {}) {
    Read result;
    result.table = CsvTable::parse(std::string(text), "t.csv", columns, result.problems);
    return result;
}

Read read_well(std::string_view text) {
    Read result = read(text);
    REQUIRE(result.table);
    REQUIRE(result.problems.none());
    return result;
}

// The only complaint about a text.
std::string complaint_about(std::string_view text) {
    const Read result = read(text);
    CAPTURE(text);
    REQUIRE(result.problems.count() == 1);
    return result.last();
}

}  // namespace

TEST_CASE("quotes, doubled quotes, commas and line ends inside quotes, CRLF, no last line end") {
    Read table = read_well("id,note\r\na,\"x, \"\"y\"\"\r\nz\"\r\nb,");
    REQUIRE(table.table->size() == 2);
    CHECK(table.table->columns() == std::vector<std::string>{"id", "note"});
    CHECK(table.row(0).text("note") == "x, \"y\"\r\nz");
    CHECK(table.row(0).line() == 2);
    CHECK(table.row(1).line() == 4);
    CHECK(!table.row(1).optional_text("note"));
    CHECK(table.problems.none());
}

TEST_CASE("a quoted empty field and spaces are kept as they are") {
    Read table = read_well("a,b\n\"\", x \n");
    CHECK(!table.row(0).optional_text("a"));
    CHECK(table.row(0).text("b") == " x ");
}

TEST_CASE("what RFC 4180 does not allow is refused with file, line and column") {
    CHECK(complaint_about("a,b\n1,2\n1,x\"y\n") ==
          "t.csv:3:4: a quote inside a field that is not quoted; quote the field");
    CHECK(complaint_about("a,b\n\"1\"2,3\n") ==
          "t.csv:2:4: text after a closing quote; double a quote that is meant as text");
    CHECK(complaint_about("a,b\n1,\"2\n3\n") == "t.csv:2:3: the quote opened here is never closed");
    CHECK(complaint_about("a,b\n1,2\n\n") == "t.csv:3:1: an empty line; remove it");
    CHECK(complaint_about("a,b\n1,2\r3\n") ==
          "t.csv:2:4: a carriage return without a line feed; end lines with LF");
}

TEST_CASE("rows of another width and bad headers are refused") {
    CHECK(complaint_about("a,b\n1\n") ==
          "t.csv:2:1: 1 fields, the header has 2 (quote a field that holds a comma)");
    CHECK(complaint_about("a,b\n\"x\ny\",2\n1,2,3\n") ==
          "t.csv:4:5: 3 fields, the header has 2 (quote a field that holds a comma)");
    CHECK(complaint_about("a,a\n") == "t.csv:1:3: a: a column of this name stands further left too");
    CHECK(complaint_about("a,,b\n") == "t.csv:1:3: a column without a name");
    CHECK(complaint_about("") == "t.csv:1:1: empty; a header row is needed");
}

TEST_CASE("text that is not UTF-8 is refused, well-formed text of any length of sequence is not") {
    CHECK(complaint_about("a\nx\ngr\xFC\n") == "t.csv:3:3: not UTF-8; save the file as UTF-8");
    CHECK(complaint_about("a\n\xC0\xAF\n").find("t.csv:2:1: not UTF-8") == 0);
    CHECK(complaint_about("a\n\xED\xA0\x80\n").find("t.csv:2:1: not UTF-8") == 0);
    CHECK(complaint_about("a\n\xE2\x82").find("t.csv:2:1: not UTF-8") == 0);
    CHECK(complaint_about("\xEF\xBB\xBFid\n").find("byte order mark") != std::string::npos);
    Read table = read_well("a\n\u00E9\u20AC\U0001F600\n");
    CHECK(table.row(0).text("a") == "\u00E9\u20AC\U0001F600");
}

TEST_CASE("all rows are looked at, whatever is wrong with those before") {
    Read table = read("a,b\n1,x\"y\n\n1\n\"1\"2,3\nok,4\n");
    CHECK(table.problems.count() == 4);
    REQUIRE(table.table->size() == 1);
    CHECK(table.row(0).line() == 6);
    CHECK(table.row(0).text("a") == "ok");
}

TEST_CASE("columns are counted in characters, and a field's line is where it begins") {
    Read table = read_well("a,b,c\n\u00E9\u20AC\U0001F600,x,y\n1,\"2\n3\",z\n");
    table.row(0).report("b", "here");
    CHECK(table.last() == "t.csv:2:5: b: here");
    table.row(1).report("b", "here");
    CHECK(table.last() == "t.csv:3:3: b: here");
    table.row(1).report("c", "here");
    CHECK(table.last() == "t.csv:4:4: c: here");
}

TEST_CASE("numbers: blank is unknown, never zero; anything but a plain number is refused") {
    Read table = read_well("n\n\"\"\n0\n-1.5e3\n\"1,5\"\n0x10\nnan\n\" 1\"\n1e999\ninf\n1.\n+1\n");
    const NumberBounds any{-1e9, 1e9};
    CHECK(!table.row(0).number("n", any));
    CHECK(table.row(1).number("n", any) == 0);
    CHECK(table.row(2).number("n", any) == -1500);
    CHECK(table.row(9).number("n", any) == 1);
    REQUIRE(table.problems.none());
    for (const std::size_t row : {3, 4, 5, 6, 7, 8, 10}) {
        CAPTURE(row);
        CHECK(!table.row(row).number("n", any));
        CHECK(table.last().find(" is not a number (a point as decimal mark") != std::string::npos);
    }
    CHECK(table.problems.count() == 7);
    CHECK(!table.row(2).number("n", {0, 100}));
    CHECK(table.last() == "t.csv:4:1: n: -1.5e3 is outside 0 to 100");
    CHECK(!table.row(2).number("n"));
    CHECK(table.last() == "t.csv:4:1: n: -1.5e3 is below 0");
}

TEST_CASE("whole numbers, choices and required text") {
    Read table = read_well("n,c\n12,red\n1.5,green\n-3,\n,blue\n99999999999999999999,red\n");
    CHECK(table.row(0).whole_number("n") == 12);
    CHECK(!table.row(3).whole_number("n"));
    CHECK(table.row(1).choice("c", {"red", "green"}) == 1);
    REQUIRE(table.problems.none());
    CHECK(!table.row(1).whole_number("n"));
    CHECK(table.last() == "t.csv:3:1: n: '1.5' is not a whole number (digits only; blank when unknown)");
    CHECK(!table.row(2).whole_number("n"));
    CHECK(!table.row(4).whole_number("n"));
    CHECK(table.problems.count() == 3);
    table.row(3).choice("c", {"red", "green"});
    CHECK(table.last() == "t.csv:5:2: c: 'blue' is not one of red, green");
    table.row(2).text("c");
    CHECK(table.last() == "t.csv:4:4: c: blank; this field is required");
}

TEST_CASE("whatever is in a field, written with quotes it is read back, and its place is where it was put") {
    const std::vector<std::string> bits = {"a",      ",",      "\"",         "\n", "\r\n",
                                           "\u00E9", "\u20AC", "\U0001F600", " ",  ""};
    Random random(7);
    for (int round = 0; round < 50; ++round) {
        std::string text = "a,b,c\n";
        std::vector<std::string> fields, places;
        std::int64_t line = 2, column = 1;
        for (int i = 0; i < 30; ++i) {
            std::string field;
            for (std::uint64_t n = random.below(6); n > 0; --n) field += bits[random.below(bits.size())];
            places.push_back(fmt::format("t.csv:{}:{}: {}: here", line, column, "abc"[i % 3]));
            std::string written = "\"";
            for (const char c : field) written += c == '"' ? "\"\"" : std::string(1, c);
            written += i % 3 == 2 ? "\"\n" : "\",";
            for (const char c : written) {
                column = c == '\n' ? 1 : column + ((static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1 : 0);
                line += c == '\n' ? 1 : 0;
            }
            text += written;
            fields.push_back(field);
        }
        Read table = read_well(text);
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const std::string name(1, "abc"[i % 3]);
            CHECK(table.row(i / 3).raw(name) == fields[i]);
            table.row(i / 3).report(name, "here");
            CHECK(table.last() == places[i]);
        }
    }
}

TEST_CASE("a missing column is named with those that there are") {
    const Read table = read("id,nam\n", {"id", "name"});
    CHECK(!table.table);
    CHECK(table.last() == "t.csv:1:1: name: this column is missing (there are id, nam)");
    CHECK(read("id,name,more\n", {"id", "name"}).table);
}

}  // namespace euromesh::facts
