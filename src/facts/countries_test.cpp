#include "facts/countries.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(countries_table().shape, {{"country_iso2", "FI"},
                                             {"country", "Finland"},
                                             {"population", "5635971"},
                                             {"year", "2025"},
                                             {"eu27", "yes"},
                                             {"source", "Eurostat"},
                                             {"source_url", "https://e.eu"},
                                             {"as_of", "2026"},
                                             {"grade", "B"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(countries_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("the EU has 27 members and 450 million people") {
    const auto countries = load_countries(FactFiles::built_in());
    REQUIRE(countries);
    int members = 0;
    std::int64_t people = 0;
    for (const Country& country : *countries) {
        CHECK(country.population.has_value());
        if (!country.eu27) continue;
        ++members;
        people += *country.population;
    }
    CHECK(members == 27);
    CHECK(people == 450646971);
    REQUIRE(find_country(*countries, "CH"));
    CHECK(!find_country(*countries, "CH")->eu27);
    CHECK(find_country(*countries, "CH")->eurohpc_member == true);
    CHECK(find_country(*countries, "US") == nullptr);
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"eu27", "maybe"}}) == "t.csv:2:25: eu27: 'maybe' is not one of no, yes");
    CHECK(complaint_about({{"eu27", ""}}) == "t.csv:2:25: eu27: blank; this field is required");
    CHECK(complaint_about({{"population", "5.6"}}).find("population: '5.6' is not a whole number") !=
          std::string::npos);
    CHECK(complaint_about({{"year", ""}}).find("year: population and year are given together") !=
          std::string::npos);
}

}  // namespace euromesh::facts
