// Days of the civil calendar, and dates of which only the year or the month is known.
//
// A Date is a whole number of days since 1970-01-01 (proleptic Gregorian, no time of day, no zone). Facts
// often say "2027" or "2026-12": a PartialDate keeps how exact it is and reads as the days that it may mean.
// Years 1900 to 2199. There is no clock here. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::facts {

struct CivilDay {
    int year = 1970;
    unsigned month = 1;  // 1 to 12
    unsigned day = 1;    // 1 to 31
};

struct Date {
    std::int32_t days = 0;  // since 1970-01-01; negative before

    auto operator<=>(const Date&) const = default;
};

// The day must exist.
Date date_of(CivilDay day);
CivilDay civil(Date date);

constexpr Date operator+(Date date, std::int32_t days) {
    return {date.days + days};
}
constexpr Date operator-(Date date, std::int32_t days) {
    return {date.days - days};
}
// Days from b to a.
constexpr std::int32_t operator-(Date a, Date b) {
    return a.days - b.days;
}

enum class Precision { day, month, year, years };

struct PartialDate {
    Date first = {};  // of the days that it may mean
    Date last = {};   // first == last with Precision::day
    Precision precision = Precision::day;

    bool operator==(const PartialDate&) const = default;
};

// bad_input: not YYYY-MM-DD, or a day that does not exist ("2026-02-30").
Result<Date> parse_date(std::string_view text);
// YYYY, YYYY-MM, YYYY-MM-DD, or YYYY-YYYY (the second later).
Result<PartialDate> parse_partial_date(std::string_view text);

std::string to_iso(Date date);  // "2026-02-28"
// As it was written: "2027", "2026-12", "2025-09-05", "2025-2026".
std::string to_iso(const PartialDate& date);

}  // namespace euromesh::facts
