#include "facts/table.hpp"

#include <doctest/doctest.h>

#include "facts/fields.hpp"
#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

struct Pair {
    std::string id = {};
    std::optional<double> size = {};
};

const TableKind<Pair>& pairs() {
    static const TableKind<Pair> kind = {{"pairs.csv", {"id", {"size", "MW"}}}, [](const CsvRow& row) {
                                             return Pair{row.text("id"), row.number("size")};
                                         }};
    return kind;
}

}  // namespace

TEST_CASE("a row gives a record, wrong ones too, so that both keep the same number") {
    Problems problems;
    const auto table = read_table(pairs(), "id,size\na,1\nb,x\nc,3\n", "t.csv", problems);
    REQUIRE(table.records.size() == 3);
    CHECK(table.records[2].size == 3);
    CHECK(table.csv->row(2, problems).line() == 4);
    CHECK(problems.count() == 1);
}

TEST_CASE("the key stands for one row; blank keys are only told as blank") {
    CHECK(only_problem(pairs(), "id,size\na,1\na,2\n") == "t.csv:3:1: id: 'a' stands in an earlier row too");
    Problems problems;
    read_table(pairs(), "id,size\n,1\n,2\n", "t.csv", problems);
    CHECK(problems.count() == 2);
    CHECK(in_words(problems.kept()[1]) == "t.csv:3:1: id: blank; this field is required");
}

TEST_CASE("a file that is no table gives no records, and its first problem is the error") {
    Problems problems;
    const auto table = read_table(pairs(), "id\na\n", "t.csv", problems);
    CHECK(!table.csv);
    CHECK(table.records.empty());
    const auto parsed = parse_records(pairs(), "id,size\na,x\nb,y\n", "t.csv");
    REQUIRE(!parsed);
    CHECK(parsed.error().code == Code::bad_input);
    CHECK(parsed.error().message.find("t.csv:2:3: size: 'x' is not a number") == 0);
    CHECK(parsed.error().message.find("(and 1 more: euromesh facts check)") != std::string::npos);
    CHECK(parse_records(pairs(), "id,size\na,\n", "t.csv")->size() == 1);
}

TEST_CASE("the names of the columns") {
    CHECK(pairs().shape.column_names() == std::vector<std::string_view>{"id", "size"});
}

}  // namespace euromesh::facts
