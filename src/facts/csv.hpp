// Strict CSV (RFC 4180) with a header, whose every complaint names file, line and column.
//
// Fields are separated by commas and may be quoted; a quote inside quotes is doubled; lines end in LF or
// CRLF. Refused: a quote inside an unquoted field, text after a closing quote, rows of another width than the
// header, columns without a name or named twice, bytes that are not UTF-8, an empty line, a lone CR. A blank
// field means "unknown" and reads as nullopt; it is never zero. Plain values: no thread rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::facts {

struct NumberBounds {
    double least = 0;
    double most = 1e300;
};

class CsvTable;

// One row of a table; must not outlive it. `column` must be one that the table was asked to have.
class CsvRow {
  public:
    std::int64_t line() const;

    // bad_input: a required field is blank.
    Result<std::string> text(std::string_view column) const;
    std::optional<std::string> optional_text(std::string_view column) const;
    // bad_input: not one of `allowed`; gives the index into it.
    Result<std::size_t> choice(std::string_view column, const std::vector<std::string_view>& allowed) const;
    // bad_input: not a plain decimal number, or out of bounds.
    Result<std::optional<double>> number(std::string_view column, NumberBounds bounds = {}) const;
    Result<std::optional<std::int64_t>> whole_number(std::string_view column) const;

    // "systems.csv:7: status: 'opertional': " + problem
    Error problem(std::string_view column, std::string_view problem) const;

  private:
    friend class CsvTable;
    CsvRow(const CsvTable& table, std::size_t index) : table_(&table), index_(index) {}
    const std::string& field(std::string_view column) const;

    const CsvTable* table_;
    std::size_t index_;
};

class CsvTable {
  public:
    // `file` is only named in messages. bad_input: see above.
    static Result<CsvTable> parse(std::string_view text, std::string file);

    // bad_input: a column is missing; names it and those that there are.
    Status expect_columns(const std::vector<std::string_view>& columns) const;

    const std::vector<std::string>& columns() const { return columns_; }
    std::size_t size() const { return rows_.size(); }
    CsvRow row(std::size_t index) const;

  private:
    friend class CsvRow;
    struct Row {
        std::int64_t line = 0;
        std::vector<std::string> fields;
    };
    Status check_header(const Row& header);
    Status check_width(const Row& row) const;
    std::optional<std::size_t> index_of(std::string_view column) const;

    std::string file_;
    std::vector<std::string> columns_;
    std::vector<Row> rows_;
};

}  // namespace euromesh::facts
