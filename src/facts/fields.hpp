// Fields that many tables share: a date, a country, an address, a source with its grade, a range.
//
// Each reads one row and notes what is wrong with it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "facts/csv.hpp"
#include "facts/date.hpp"
#include "facts/source.hpp"

namespace euromesh::facts {

// Problem: not a date, or one that does not exist.
std::optional<PartialDate> date_in(const CsvRow& row, std::string_view column);
// Whole years: 2024. Problem: anything else, or outside 1900 to 2199.
std::optional<int> year_in(const CsvRow& row, std::string_view column);
// Problem: blank, or not two capital letters.
std::string country_in(const CsvRow& row, std::string_view column);
std::optional<std::string> optional_country_in(const CsvRow& row, std::string_view column);
// Problem: neither yes nor no.
std::optional<bool> yes_no_in(const CsvRow& row, std::string_view column);
// "FI;CZ;DK" without blanks between; empty when blank. Problem: an empty part.
std::vector<std::string> list_in(const CsvRow& row, std::string_view column);

struct SourceColumns {
    std::string_view name = "source";
    std::string_view url = "source_url";
    std::string_view as_of = "as_of";  // empty: the table has no such column
    std::string_view grade = "grade";
};

// Problem: a part is blank (the address only where the grade is better than C), the address is not http or
// https, as_of no date, the grade no letter from A to C.
Source source_in(const CsvRow& row, const SourceColumns& columns = {});

// seen, part, recalled or derived (data/README.md).
std::string evidence_in(const CsvRow& row);

// Problem: low > central, central > high, or low > high. Unknown ones are passed over.
void expect_order(const CsvRow& row, std::string_view low, std::string_view central, std::string_view high);

}  // namespace euromesh::facts
