// Strict CSV (RFC 4180) with a header, whose every complaint names file, line, column and field.
//
// Fields are separated by commas and may be quoted; a quote inside quotes is doubled; lines end in LF or
// CRLF. Refused: a quote inside an unquoted field, text after a closing quote, rows of another width than the
// header, columns without a name or named twice, bytes that are not UTF-8, an empty line, a lone CR. A blank
// field means "unknown" and reads as nullopt; it is never zero. Whoever reads a wrong field gets a harmless
// value and the complaint stands in Problems: the values are of use only when there are none. Plain values:
// no thread rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "facts/problem.hpp"

namespace euromesh::facts {

struct NumberBounds {
    double least = 0;
    double most = 1e300;
};

class CsvTable;

// One row of a table; must outlive neither it nor the problems. `column` must be one that the table was asked
// to have.
class CsvRow {
  public:
    std::int64_t line() const;

    bool blank(std::string_view column) const { return raw(column).empty(); }
    const std::string& raw(std::string_view column) const;

    // Problem: blank.
    std::string text(std::string_view column) const;
    std::optional<std::string> optional_text(std::string_view column) const;
    // Index into `allowed`. Problem: not one of them.
    std::size_t choice(std::string_view column, const std::vector<std::string_view>& allowed) const;
    // Problem: not a plain decimal number, or out of bounds.
    std::optional<double> number(std::string_view column, NumberBounds bounds = {}) const;
    std::optional<std::int64_t> whole_number(std::string_view column) const;

    void report(std::string_view column, std::string text) const;

  private:
    friend class CsvTable;
    std::size_t index_of(std::string_view column) const;
    CsvRow(const CsvTable& table, std::size_t index, Problems& problems)
        : table_(&table), index_(index), problems_(&problems) {}

    const CsvTable* table_;
    std::size_t index_;
    Problems* problems_;
    mutable std::size_t expected_ = 0;  // readers ask in the order of the columns: looked at first
};

class CsvTable {
  public:
    // `file` is only named in messages. Rows that are no rows are reported and left out; nullopt when there
    // is no header that could be used, or one of `columns` is missing (further columns are allowed).
    static std::optional<CsvTable> parse(std::string text, std::string file,
                                         const std::vector<std::string_view>& columns, Problems& problems);

    const std::string& file() const { return file_; }
    const std::vector<std::string>& columns() const { return columns_; }
    std::size_t size() const { return rows_.size(); }
    CsvRow row(std::size_t index, Problems& problems) const;

  private:
    friend class CsvRow;
    struct Field {
        std::size_t offset = 0;  // into text_; line and column are counted only when somebody asks
        std::string text = {};
    };
    using Row = std::vector<Field>;

    CsvTable(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {}
    bool has_columns(const Row& header, const std::vector<std::string_view>& columns, Problems& problems);
    bool has_width(const Row& row, Problems& problems) const;
    void report(std::size_t offset, std::string_view field, std::string text, Problems& problems) const;
    std::optional<std::size_t> index_of(std::string_view column) const;

    std::string text_;
    std::string file_;
    std::vector<std::string> columns_;
    std::vector<Row> rows_;
};

}  // namespace euromesh::facts
