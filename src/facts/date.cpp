#include "facts/date.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <vector>

#include "base/assert.hpp"

namespace euromesh::facts {
namespace {

constexpr int first_year = 1900;
constexpr int last_year = 2199;

std::chrono::year_month_day calendar(CivilDay day) {
    return std::chrono::year(day.year) / std::chrono::month(day.month) / std::chrono::day(day.day);
}

unsigned days_in_month(int year, unsigned month) {
    const auto last = std::chrono::year(year) / std::chrono::month(month) / std::chrono::last;
    return static_cast<unsigned>(last.day());
}

tl::unexpected<Error> not_a_date(std::string_view text) {
    return fail(Code::bad_input, "'{}' is not a date (2026, 2026-05 or 2026-05-31)", text);
}

// "2026-05-31" -> 2026, 5, 31; nothing else than parts of 4, 2 and 2 digits.
std::optional<std::vector<int>> parts_of(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd-dd";
    if (text.size() != 4 && text.size() != 7 && text.size() != 10) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != '-') return std::nullopt;
    }
    std::vector<int> parts;
    for (std::size_t at = 0; at < text.size(); at += parts.size() == 1 ? 5 : 3) {
        int part = 0;
        std::from_chars(text.data() + at, text.data() + at + (at == 0 ? 4 : 2), part);
        parts.push_back(part);
    }
    return parts;
}

Status check_calendar(std::string_view text, const std::vector<int>& parts) {
    const int year = parts[0];
    if (year < first_year || year > last_year)
        return fail(Code::bad_input, "'{}' is outside the years {} to {}", text, first_year, last_year);
    if (parts.size() < 2) return {};
    if (parts[1] < 1 || parts[1] > 12)
        return fail(Code::bad_input, "'{}' does not exist (months are 01 to 12)", text);
    if (parts.size() < 3) return {};
    const unsigned longest = days_in_month(year, static_cast<unsigned>(parts[1]));
    if (parts[2] < 1 || parts[2] > static_cast<int>(longest)) {
        return fail(Code::bad_input, "'{}' does not exist (days of {:04}-{:02} are 01 to {})", text, year,
                    parts[1], longest);
    }
    return {};
}

PartialDate whole_years(int first, int last) {
    return {date_of({first, 1, 1}), date_of({last, 12, 31}),
            first == last ? Precision::year : Precision::years};
}

PartialDate days_meant(const std::vector<int>& parts) {
    if (parts.size() == 1) return whole_years(parts[0], parts[0]);
    const auto month = static_cast<unsigned>(parts[1]);
    if (parts.size() == 2) {
        return {date_of({parts[0], month, 1}), date_of({parts[0], month, days_in_month(parts[0], month)}),
                Precision::month};
    }
    const Date date = date_of({parts[0], month, static_cast<unsigned>(parts[2])});
    return {date, date, Precision::day};
}

Result<PartialDate> parse_years(std::string_view text) {
    EM_ASSIGN(const PartialDate first, parse_partial_date(text.substr(0, 4)));
    EM_ASSIGN(const PartialDate last, parse_partial_date(text.substr(5)));
    if (last.first <= first.first)
        return fail(Code::bad_input, "'{}' does not end after it begins (2025-2026)", text);
    return PartialDate{first.first, last.last, Precision::years};
}

}  // namespace

Date date_of(CivilDay day) {
    const std::chrono::year_month_day date = calendar(day);
    EM_ASSERT(date.ok(), "a day that does not exist");
    return {static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count())};
}

CivilDay civil(Date date) {
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(date.days))};
    return {static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
            static_cast<unsigned>(day.day())};
}

Result<PartialDate> parse_partial_date(std::string_view text) {
    if (text.size() == 9 && text[4] == '-') return parse_years(text);
    const std::optional<std::vector<int>> parts = parts_of(text);
    if (!parts) return not_a_date(text);
    EM_TRY(check_calendar(text, *parts));
    return days_meant(*parts);
}

Result<Date> parse_date(std::string_view text) {
    EM_ASSIGN(const PartialDate date, parse_partial_date(text));
    if (date.precision != Precision::day)
        return fail(Code::bad_input, "'{}' is not a day (2026-05-31)", text);
    return date.first;
}

std::string to_iso(Date date) {
    const CivilDay day = civil(date);
    return fmt::format("{:04}-{:02}-{:02}", day.year, day.month, day.day);
}

std::string to_iso(const PartialDate& date) {
    const std::string first = to_iso(date.first);
    switch (date.precision) {
        case Precision::day:
            return first;
        case Precision::month:
            return first.substr(0, 7);
        case Precision::year:
            return first.substr(0, 4);
        case Precision::years:
            return first.substr(0, 4) + "-" + to_iso(date.last).substr(0, 4);
    }
    return first;
}

}  // namespace euromesh::facts
