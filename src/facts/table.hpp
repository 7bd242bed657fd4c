// From the text of one file to its records, one per row, with everything that is wrong noted.
//
// records[i] is what stands in row i of the table, so that a check across files can name the place of any
// record. The first column is the key: two rows must not share it. Pure templates over csv.hpp.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "facts/csv.hpp"
#include "facts/fact_files.hpp"

namespace euromesh::facts {

struct Column {
    // NOLINTNEXTLINE(google-explicit-constructor): lists of columns read better without braces
    constexpr Column(const char* column_name, const char* column_unit = "")
        : name(column_name), unit(column_unit) {}

    std::string_view name;
    std::string_view unit;  // of a number: "MW", "1" for a count or a ratio; empty for text
};

// What a file must hold. The first column is the key.
struct TableShape {
    std::string_view file;  // "systems.csv"
    std::vector<Column> columns;

    std::vector<std::string_view> column_names() const;
};

template <class Record>
struct Table {
    std::optional<CsvTable> csv = {};  // nullopt: the file could not be read as a table
    std::vector<Record> records = {};
};

template <class Record>
struct TableKind {
    TableShape shape;
    Record (*read)(const CsvRow& row);
};

template <class Record>
Table<Record> read_table(const TableKind<Record>& kind, std::string text, std::string file,
                         Problems& problems) {
    Table<Record> table{
        CsvTable::parse(std::move(text), std::move(file), kind.shape.column_names(), problems), {}};
    if (!table.csv) return table;
    std::set<std::string_view> keys;
    const std::string_view key = kind.shape.columns.front().name;
    for (std::size_t i = 0; i < table.csv->size(); ++i) {
        const CsvRow row = table.csv->row(i, problems);
        table.records.push_back(kind.read(row));
        if (!row.blank(key) && !keys.insert(row.raw(key)).second)
            row.report(key, fmt::format("'{}' stands in an earlier row too", shown(row.raw(key))));
    }
    return table;
}

template <class Record>
Result<std::vector<Record>> parse_records(const TableKind<Record>& kind, std::string_view text,
                                          std::string file) {
    Problems problems;
    Table<Record> table = read_table(kind, std::string(text), std::move(file), problems);
    EM_TRY(problems.status());
    return std::move(table.records);
}

template <class Record>
Result<std::vector<Record>> load_records(const TableKind<Record>& kind, const FactFiles& files) {
    EM_ASSIGN(const FactText read, files.read(kind.shape.file));
    return parse_records(kind, read.text, read.label);
}

}  // namespace euromesh::facts
