#include "facts/csv.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/assert.hpp"
#include "base/utf8.hpp"

namespace euromesh::facts {

namespace {

struct Place {
    std::int64_t line = 1;
    std::int64_t column = 1;
};

Place place_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; };
    const auto count = [&](std::size_t from, auto&& wanted) {
        return std::count_if(before.begin() + static_cast<std::ptrdiff_t>(from), before.end(), wanted);
    };
    return {1 + count(0, [](char c) { return c == '\n'; }), 1 + count(line_begin, starts_character)};
}

// Takes the text apart, field by field.
class Scanner {
  public:
    struct Field {
        std::size_t offset = 0;
        std::string text = {};
    };
    struct Complaint {
        std::size_t offset = 0;
        std::string text = {};
    };

    explicit Scanner(std::string_view text) : text_(text) {}

    bool at_end() const { return at_ == text_.size(); }

    // One row, its line end included. After a complaint the next row is looked for behind the next line end.
    tl::expected<std::vector<Field>, Complaint> row() {
        if (line_end_length() > 0) return given_up(complain("an empty line; remove it"));
        std::vector<Field> fields;
        for (;;) {
            const std::size_t offset = at_;
            auto field = next_is('"') ? quoted() : plain();
            if (!field) return given_up(std::move(field).error());
            fields.push_back({offset, std::move(*field)});
            if (!next_is(',')) break;
            ++at_;
        }
        at_ += line_end_length();
        return fields;
    }

  private:
    using Text = tl::expected<std::string, Complaint>;

    bool next_is(char wanted) const { return !at_end() && text_[at_] == wanted; }

    std::size_t line_end_length() const {
        if (text_.substr(at_, 2) == "\r\n") return 2;
        return next_is('\n') ? 1 : 0;
    }

    bool field_ends() const { return at_end() || text_[at_] == ',' || line_end_length() > 0; }

    Text plain() {
        const std::size_t begin = at_;
        for (; !at_end(); ++at_) {
            const char c = text_[at_];
            if (c == ',' || c == '\n') break;
            if (c == '"') return unexpected("a quote inside a field that is not quoted; quote the field");
            if (c != '\r') continue;
            if (line_end_length() > 0) break;
            return unexpected("a carriage return without a line feed; end lines with LF");
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    Text quoted() {
        const std::size_t opened = at_;
        std::string field;
        for (++at_;; ++at_) {
            if (at_end()) {
                return tl::make_unexpected(Complaint{opened, "the quote opened here is never closed"});
            }
            if (next_is('"') && text_.substr(at_, 2) != "\"\"") break;
            if (next_is('"')) ++at_;
            field += text_[at_];
        }
        ++at_;
        if (!field_ends())
            return unexpected("text after a closing quote; double a quote that is meant as text");
        return field;
    }

    Complaint complain(std::string_view text) const { return {at_, std::string(text)}; }
    tl::unexpected<Complaint> unexpected(std::string_view text) const {
        return tl::make_unexpected(complain(text));
    }

    tl::unexpected<Complaint> given_up(Complaint complaint) {
        const std::size_t line_end = text_.find('\n', at_);
        at_ = line_end == std::string_view::npos ? text_.size() : line_end + 1;
        return tl::make_unexpected(std::move(complaint));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

bool is_plain_decimal(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

// Where the file as a whole cannot be read.
std::optional<Scanner::Complaint> whole_file_complaint(std::string_view text) {
    if (text.empty()) return Scanner::Complaint{0, "empty; a header row is needed"};
    if (text.substr(0, 3) == "\xEF\xBB\xBF")
        return Scanner::Complaint{0, "starts with a byte order mark; save it as UTF-8 without one"};
    if (const auto bad = first_bad_utf8(text); bad != std::string_view::npos)
        return Scanner::Complaint{bad, "not UTF-8; save the file as UTF-8"};
    return std::nullopt;
}

}  // namespace

std::optional<CsvTable> CsvTable::parse(std::string text, std::string file,
                                        const std::vector<std::string_view>& columns, Problems& problems) {
    CsvTable table(std::move(text), std::move(file));
    if (auto complaint = whole_file_complaint(table.text_)) {
        table.report(complaint->offset, "", std::move(complaint->text), problems);
        return std::nullopt;
    }
    Scanner scanner(table.text_);
    bool is_header = true;
    while (!scanner.at_end()) {
        auto fields = scanner.row();
        if (!fields) {
            table.report(fields.error().offset, "", fields.error().text, problems);
            if (is_header) return std::nullopt;
            continue;
        }
        Row row;
        row.reserve(fields->size());
        for (Scanner::Field& field : *fields) row.push_back({field.offset, std::move(field.text)});
        if (is_header && !table.has_columns(row, columns, problems)) return std::nullopt;
        if (!is_header && table.has_width(row, problems)) table.rows_.push_back(std::move(row));
        is_header = false;
    }
    return table;
}

void CsvTable::report(std::size_t offset, std::string_view field, std::string text,
                      Problems& problems) const {
    const Place place = problems.full() ? Place{} : place_of(text_, offset);
    problems.add({file_, place.line, place.column, std::string(field), std::move(text)});
}

bool CsvTable::has_columns(const Row& header, const std::vector<std::string_view>& columns,
                           Problems& problems) {
    const std::size_t before = problems.count();
    for (const Field& field : header) {
        if (field.text.empty())
            report(field.offset, "", "a column without a name", problems);
        else if (index_of(field.text))
            report(field.offset, shown(field.text), "a column of this name stands further left too",
                   problems);
        columns_.push_back(field.text);
    }
    const std::string there = fmt::format("{}", fmt::join(columns_, ", "));
    for (const std::string_view column : columns) {
        if (index_of(column)) continue;
        report(0, column, fmt::format("this column is missing (there are {})", shown(there, 600)), problems);
    }
    return problems.count() == before;
}

bool CsvTable::has_width(const Row& row, Problems& problems) const {
    if (row.size() == columns_.size()) return true;
    const bool too_wide = row.size() > columns_.size();
    report((too_wide ? row[columns_.size()] : row.back()).offset, "",
           fmt::format("{} fields, the header has {} (quote a field that holds a comma)", row.size(),
                       columns_.size()),
           problems);
    return false;
}

std::optional<std::size_t> CsvTable::index_of(std::string_view column) const {
    const auto found = std::find(columns_.begin(), columns_.end(), column);
    if (found == columns_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns_.begin());
}

CsvRow CsvTable::row(std::size_t index, Problems& problems) const {
    EM_ASSERT(index < rows_.size(), "row beyond the table");
    return CsvRow(*this, index, problems);
}

std::int64_t CsvRow::line() const {
    return place_of(table_->text_, table_->rows_[index_].front().offset).line;
}

std::size_t CsvRow::index_of(std::string_view column) const {
    const auto& columns = table_->columns_;
    for (const std::size_t near : {expected_, expected_ + 1}) {
        if (near < columns.size() && columns[near] == column) return expected_ = near;
    }
    const auto index = table_->index_of(column);
    EM_ASSERT(index, "a column that the table was not asked to have");
    return expected_ = *index;
}

const std::string& CsvRow::raw(std::string_view column) const {
    return table_->rows_[index_][index_of(column)].text;
}

void CsvRow::report(std::string_view column, std::string text) const {
    table_->report(table_->rows_[index_][index_of(column)].offset, column, std::move(text), *problems_);
}

std::string CsvRow::text(std::string_view column) const {
    const std::string& value = raw(column);
    if (value.empty()) report(column, "blank; this field is required");
    return value;
}

std::optional<std::string> CsvRow::optional_text(std::string_view column) const {
    const std::string& value = raw(column);
    if (value.empty()) return std::nullopt;
    return value;
}

std::size_t CsvRow::choice(std::string_view column, const std::vector<std::string_view>& allowed) const {
    const std::string& value = raw(column);
    const auto found = std::find(allowed.begin(), allowed.end(), value);
    if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
    report(column, fmt::format("'{}' is not one of {}", shown(value), fmt::join(allowed, ", ")));
    return 0;
}

std::optional<double> CsvRow::number(std::string_view column, NumberBounds bounds) const {
    const std::string& value = raw(column);
    if (value.empty()) return std::nullopt;
    double number = 0;
    const char* const end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, number);
    if (!is_plain_decimal(value) || error != std::errc() || stopped != end) {
        report(column, fmt::format("'{}' is not a number (a point as decimal mark; blank when unknown)",
                                   shown(value)));
        return std::nullopt;
    }
    if (number >= bounds.least && number <= bounds.most) return number;
    const bool only_least = number < bounds.least && bounds.most == NumberBounds().most;
    report(column, only_least
                       ? fmt::format("{} is below {}", shown(value), bounds.least)
                       : fmt::format("{} is outside {} to {}", shown(value), bounds.least, bounds.most));
    return std::nullopt;
}

std::optional<std::int64_t> CsvRow::whole_number(std::string_view column) const {
    const std::string& value = raw(column);
    if (value.empty()) return std::nullopt;
    std::int64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, number);
    if (error == std::errc() && stopped == end && number >= 0) return number;
    report(column, fmt::format("'{}' is not a whole number (digits only; blank when unknown)", shown(value)));
    return std::nullopt;
}

}  // namespace euromesh::facts
