#include "facts/fields.hpp"

#include <algorithm>
#include <charconv>

namespace euromesh::facts {
namespace {

bool is_country(std::string_view text) {
    return text.size() == 2 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string url_in(const CsvRow& row, std::string_view column, Grade grade) {
    const std::string& url = row.raw(column);
    if (url.empty()) {
        if (grade != Grade::c) row.report(column, "blank; only a fact of grade C may go without an address");
        return {};
    }
    const std::size_t host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    if (host == 0 || url.size() == host || url.find_first_of(" \t\r\n\"<>") != std::string::npos)
        row.report(column, fmt::format("'{}' is not an address (https://...)", shown(url)));
    return url;
}

// For comparing only: what is wrong with it was noted by whoever read it.
std::optional<double> value_of(const CsvRow& row, std::string_view column) {
    const std::string& text = row.raw(column);
    double value = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
    return value;
}

void expect_not_above(const CsvRow& row, std::string_view lower, std::string_view upper) {
    const auto a = value_of(row, lower);
    const auto b = value_of(row, upper);
    if (a && b && *a > *b) {
        row.report(lower, fmt::format("{} is above {}, which is {}", shown(row.raw(lower)), upper,
                                      shown(row.raw(upper))));
    }
}

}  // namespace

std::optional<PartialDate> date_in(const CsvRow& row, std::string_view column) {
    if (row.blank(column)) return std::nullopt;
    const auto date = parse_partial_date(shown(row.raw(column)));
    if (date) return *date;
    row.report(column, date.error().message);
    return std::nullopt;
}

std::optional<int> year_in(const CsvRow& row, std::string_view column) {
    const auto date = date_in(row, column);
    if (!date) return std::nullopt;
    if (date->precision != Precision::year)
        row.report(column, fmt::format("'{}' is not a year (2024)", row.raw(column)));
    return civil(date->first).year;
}

std::string country_in(const CsvRow& row, std::string_view column) {
    if (row.blank(column)) return row.text(column);
    return optional_country_in(row, column).value_or("");
}

std::optional<std::string> optional_country_in(const CsvRow& row, std::string_view column) {
    if (row.blank(column)) return std::nullopt;
    const std::string& country = row.raw(column);
    if (is_country(country)) return country;
    row.report(column, fmt::format("'{}' is not a country (two capital letters: DE)", shown(country)));
    return std::nullopt;
}

std::optional<bool> yes_no_in(const CsvRow& row, std::string_view column) {
    if (row.blank(column)) return std::nullopt;
    return row.choice(column, {"no", "yes"}) == 1;
}

std::vector<std::string> list_in(const CsvRow& row, std::string_view column) {
    std::vector<std::string> parts;
    std::string_view rest = row.raw(column);
    while (!rest.empty()) {
        const std::size_t end = rest.find(';');
        parts.emplace_back(rest.substr(0, end));
        rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
    const bool ends_open = row.raw(column).ends_with(';');
    if (ends_open || std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); }))
        row.report(column, fmt::format("'{}' has an empty part (FI;CZ;DK)", shown(row.raw(column))));
    return parts;
}

Source source_in(const CsvRow& row, const SourceColumns& columns) {
    Source source;
    source.grade = static_cast<Grade>(row.choice(columns.grade, grade_names()));
    source.name = row.text(columns.name);
    source.url = url_in(row, columns.url, source.grade);
    if (columns.as_of.empty()) return source;
    source.as_of = row.text(columns.as_of);
    date_in(row, columns.as_of);
    return source;
}

std::string evidence_in(const CsvRow& row) {
    row.choice("evidence", {"seen", "part", "recalled", "derived"});
    return row.raw("evidence");
}

void expect_order(const CsvRow& row, std::string_view low, std::string_view central, std::string_view high) {
    expect_not_above(row, low, central);
    expect_not_above(row, central, high);
    if (row.blank(central)) expect_not_above(row, low, high);
}

}  // namespace euromesh::facts
