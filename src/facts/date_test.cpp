#include "facts/date.hpp"

#include <doctest/doctest.h>

namespace euromesh::facts {
namespace {

std::string complaint_about(std::string_view text) {
    const auto date = parse_partial_date(text);
    REQUIRE(!date);
    CHECK(date.error().code == Code::bad_input);
    return date.error().message;
}

PartialDate partial(std::string_view text) {
    const auto date = parse_partial_date(text);
    REQUIRE(date);
    return *date;
}

}  // namespace

TEST_CASE("days are counted from 1970-01-01, leap days included") {
    CHECK(date_of({1970, 1, 1}).days == 0);
    CHECK(date_of({1969, 12, 31}).days == -1);
    CHECK(date_of({2000, 3, 1}).days == 11017);
    CHECK(date_of({2026, 11, 21}) - date_of({2025, 11, 21}) == 365);
    CHECK(date_of({2024, 3, 1}) - date_of({2024, 2, 1}) == 29);
    CHECK(to_iso(date_of({2024, 2, 28}) + 1) == "2024-02-29");
    CHECK(to_iso(date_of({2026, 1, 1}) - 1) == "2025-12-31");
}

TEST_CASE("every day of two centuries is written and read back") {
    const Date last = date_of({2199, 12, 31});
    std::int32_t wrong = 0;
    for (Date date = date_of({1900, 1, 1}); date <= last; date = date + 1) {
        const auto read = parse_date(to_iso(date));
        if (!read || *read != date || date_of(civil(date)) != date) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a year or a month is a range of days and is written as it was") {
    CHECK(partial("2027").first == date_of({2027, 1, 1}));
    CHECK(partial("2027").last == date_of({2027, 12, 31}));
    CHECK(partial("2024-02").last == date_of({2024, 2, 29}));
    CHECK(partial("2025-09-05").first == partial("2025-09-05").last);
    CHECK(partial("2025-2026").last == date_of({2026, 12, 31}));
    for (const char* text : {"2027", "2024-02", "2025-09-05", "2025-2026"}) {
        CHECK(to_iso(partial(text)) == text);
    }
}

TEST_CASE("what is not a date is refused, and so is a day that does not exist") {
    CHECK(complaint_about("2026-02-30") == "'2026-02-30' does not exist (days of 2026-02 are 01 to 28)");
    CHECK(complaint_about("2026-13") == "'2026-13' does not exist (months are 01 to 12)");
    CHECK(complaint_about("2026-00-01").find("months are 01 to 12") != std::string::npos);
    CHECK(complaint_about("2026-04-00").find("days of 2026-04 are 01 to 30") != std::string::npos);
    CHECK(complaint_about("1850") == "'1850' is outside the years 1900 to 2199");
    CHECK(complaint_about("2026-2025").find("does not end after it begins") != std::string::npos);
    for (const char* text : {"", "May", "26", "2026-5", "2026/05", "2026-05-3x", " 2026", "2026-05-311"}) {
        CAPTURE(text);
        CHECK(complaint_about(text).find("is not a date (2026, 2026-05 or 2026-05-31)") != std::string::npos);
    }
}

TEST_CASE("where a day is needed a month does not do") {
    CHECK(*parse_date("2026-05-31") == date_of({2026, 5, 31}));
    REQUIRE(!parse_date("2026-05"));
    CHECK(parse_date("2026-05").error().message == "'2026-05' is not a day (2026-05-31)");
}

}  // namespace euromesh::facts
