#include "facts/countries.hpp"

#include "facts/fields.hpp"

namespace euromesh::facts {
namespace {

Country read_country(const CsvRow& row) {
    Country country;
    country.country = country_in(row, "country_iso2");
    country.name = row.text("country");
    country.population = row.whole_number("population");
    country.year = year_in(row, "year");
    if (row.blank("population") != row.blank("year"))
        row.report("year", "population and year are given together or not at all");
    row.text("eu27");
    country.eu27 = yes_no_in(row, "eu27").value_or(false);
    country.eurohpc_member = yes_no_in(row, "eurohpc_member");
    country.source = source_in(row);
    country.note = row.raw("note");
    return country;
}

}  // namespace

const TableKind<Country>& countries_table() {
    static const TableKind<Country> kind = {{"countries.csv",
                                             {"country_iso2",
                                              "country",
                                              {"population", "1"},
                                              {"year", "1"},
                                              "eu27",
                                              "eurohpc_member",
                                              "source",
                                              "source_url",
                                              "as_of",
                                              "grade",
                                              "note"}},
                                            read_country};
    return kind;
}

Result<std::vector<Country>> load_countries(const FactFiles& files) {
    return load_records(countries_table(), files);
}

const Country* find_country(const std::vector<Country>& countries, std::string_view country) {
    for (const Country& candidate : countries) {
        if (candidate.country == country) return &candidate;
    }
    return nullptr;
}

}  // namespace euromesh::facts
