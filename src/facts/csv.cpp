#include "facts/csv.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/assert.hpp"

namespace euromesh::facts {

namespace {

// Length of the UTF-8 sequence that starts the text, or 0 when none does.
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return 0;
    }
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    const bool beyond = first == 0xF4 && byte(1) >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

std::size_t first_bad_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t length = utf8_sequence(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return std::string_view::npos;
}

std::int64_t line_at(std::string_view text, std::size_t position) {
    return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n');
}

// Takes the text apart, field by field. Holds the place for messages.
class Scanner {
  public:
    Scanner(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    bool at_end() const { return at_ == text_.size(); }
    std::int64_t line() const { return line_; }

    // One row, its line end included.
    Result<std::vector<std::string>> row() {
        std::vector<std::string> fields;
        if (line_end_length() > 0) return complain("an empty line; remove it");
        for (;;) {
            EM_ASSIGN(std::string field, next_is('"') ? quoted() : plain());
            fields.push_back(std::move(field));
            if (next_is(',')) {
                ++at_;
                continue;
            }
            at_ += line_end_length();
            ++line_;
            return fields;
        }
    }

  private:
    bool next_is(char wanted) const { return !at_end() && text_[at_] == wanted; }

    std::size_t line_end_length() const {
        if (text_.substr(at_, 2) == "\r\n") return 2;
        return next_is('\n') ? 1 : 0;
    }

    bool field_ends() const { return at_end() || text_[at_] == ',' || line_end_length() > 0; }

    Result<std::string> plain() {
        const std::size_t begin = at_;
        while (!field_ends()) {
            if (next_is('"')) return complain("a quote inside a field that is not quoted");
            if (next_is('\r')) return complain("a carriage return without a line feed");
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    Result<std::string> quoted() {
        const std::int64_t opened = line_;
        std::string field;
        for (++at_;; ++at_) {
            if (at_end()) return complain(fmt::format("the quote opened in line {} is never closed", opened));
            if (next_is('"') && text_.substr(at_, 2) != "\"\"") break;
            if (next_is('"')) ++at_;
            if (next_is('\n')) ++line_;
            field += text_[at_];
        }
        ++at_;
        if (!field_ends())
            return complain("text after a closing quote; double a quote that is meant as text");
        return field;
    }

    tl::unexpected<Error> complain(std::string_view problem) const {
        const std::size_t line_begin = at_ == 0 ? 0 : text_.rfind('\n', at_ - 1) + 1;
        return fail(Code::bad_input, "{}:{}: column {}: {}", file_, line_, at_ - line_begin + 1, problem);
    }

    std::string_view text_;
    const std::string& file_;
    std::size_t at_ = 0;
    std::int64_t line_ = 1;
};

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

bool is_plain_decimal(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

}  // namespace

Result<CsvTable> CsvTable::parse(std::string_view text, std::string file) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") {
        return fail(Code::bad_input, "{}:1: starts with a byte order mark; save it as UTF-8 without one",
                    file);
    }
    if (const auto bad = first_bad_utf8(text); bad != std::string_view::npos) {
        return fail(Code::bad_input, "{}:{}: not UTF-8; save the file as UTF-8", file, line_at(text, bad));
    }
    CsvTable table;
    table.file_ = std::move(file);
    Scanner scanner(text, table.file_);
    bool is_header = true;
    while (!scanner.at_end()) {
        Row row{scanner.line(), {}};
        EM_ASSIGN(row.fields, scanner.row());
        EM_TRY(is_header ? table.check_header(row) : table.check_width(row));
        if (is_header) {
            table.columns_ = std::move(row.fields);
        } else {
            table.rows_.push_back(std::move(row));
        }
        is_header = false;
    }
    if (is_header) return fail(Code::bad_input, "{}:1: empty; a header row is needed", table.file_);
    return table;
}

Status CsvTable::check_header(const Row& header) {
    std::vector<std::string> sorted = header.fields;
    std::sort(sorted.begin(), sorted.end());
    if (sorted.front().empty()) return fail(Code::bad_input, "{}:1: a column without a name", file_);
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end())
        return fail(Code::bad_input, "{}:1: column '{}' is named twice", file_, *twice);
    return {};
}

Status CsvTable::check_width(const Row& row) const {
    if (row.fields.size() == columns_.size()) return {};
    return fail(Code::bad_input, "{}:{}: {} fields, the header has {} (quote a field that holds a comma)",
                file_, row.line, row.fields.size(), columns_.size());
}

std::optional<std::size_t> CsvTable::index_of(std::string_view column) const {
    const auto found = std::find(columns_.begin(), columns_.end(), column);
    if (found == columns_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns_.begin());
}

Status CsvTable::expect_columns(const std::vector<std::string_view>& columns) const {
    for (const std::string_view column : columns) {
        if (!index_of(column)) {
            return fail(Code::bad_input, "{}:1: column '{}' is missing (there are {})", file_, column,
                        joined(columns_));
        }
    }
    return {};
}

CsvRow CsvTable::row(std::size_t index) const {
    EM_ASSERT(index < rows_.size(), "row beyond the table");
    return CsvRow(*this, index);
}

std::int64_t CsvRow::line() const {
    return table_->rows_[index_].line;
}

const std::string& CsvRow::field(std::string_view column) const {
    const auto index = table_->index_of(column);
    EM_ASSERT(index, "a column that expect_columns() did not ask for");
    return table_->rows_[index_].fields[*index];
}

Error CsvRow::problem(std::string_view column, std::string_view problem) const {
    return Error{Code::bad_input, fmt::format("{}:{}: {}: {}", table_->file_, line(), column, problem)};
}

Result<std::string> CsvRow::text(std::string_view column) const {
    const std::string& value = field(column);
    if (value.empty()) return fail(problem(column, "blank; this field is required"));
    return value;
}

std::optional<std::string> CsvRow::optional_text(std::string_view column) const {
    const std::string& value = field(column);
    if (value.empty()) return std::nullopt;
    return value;
}

Result<std::size_t> CsvRow::choice(std::string_view column,
                                   const std::vector<std::string_view>& allowed) const {
    const std::string& value = field(column);
    const auto found = std::find(allowed.begin(), allowed.end(), value);
    if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
    return fail(problem(column, fmt::format("'{}' is not one of {}", value, fmt::join(allowed, ", "))));
}

Result<std::optional<double>> CsvRow::number(std::string_view column, NumberBounds bounds) const {
    const std::string& value = field(column);
    if (value.empty()) return std::optional<double>();
    double number = 0;
    const char* const end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, number);
    if (!is_plain_decimal(value) || error != std::errc() || stopped != end) {
        return fail(problem(
            column,
            fmt::format("'{}' is not a number (a point as decimal mark; blank when unknown)", value)));
    }
    if (number < bounds.least || number > bounds.most) {
        return fail(problem(column, fmt::format("{} is outside {} to {}", value, bounds.least, bounds.most)));
    }
    return std::optional<double>(number);
}

Result<std::optional<std::int64_t>> CsvRow::whole_number(std::string_view column) const {
    const std::string& value = field(column);
    if (value.empty()) return std::optional<std::int64_t>();
    std::int64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc() || stopped != end || number < 0) {
        return fail(problem(
            column, fmt::format("'{}' is not a whole number (digits only; blank when unknown)", value)));
    }
    return std::optional<std::int64_t>(number);
}

}  // namespace euromesh::facts
