#include "facts/energy.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(energy_table().shape, {{"country_iso2", "FI"},
                                          {"country", "Finland"},
                                          {"carbon_g_per_kwh", "72.2"},
                                          {"carbon_year", "2024"},
                                          {"carbon_source", "OWID"},
                                          {"carbon_source_url", "https://o.org"},
                                          {"carbon_grade", "B"},
                                          {"price_eur_per_kwh", "0.0748"},
                                          {"price_period", "2025-S2"},
                                          {"price_basis", "excl. VAT"},
                                          {"price_source", "Eurostat"},
                                          {"price_source_url", "https://e.eu"},
                                          {"price_grade", "B"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(energy_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("each figure has its own source, year and grade") {
    const auto energy = load_energy(FactFiles::built_in());
    REQUIRE(energy);
    CHECK(energy->size() == 36);
    for (const CountryEnergy& country : *energy) {
        if (country.country == "FI") {
            CHECK(country.carbon_g_per_kwh == 72.2);
            CHECK(country.carbon_source.as_of == "2024");
            CHECK(country.price_eur_per_kwh == 0.0748);
            CHECK(country.price_source.as_of == "2025-S2");
            CHECK(country.pue.has_value());
            CHECK(!country.pue_source.name.empty());
        }
        if (country.country == "CH") {
            CHECK(!country.price_eur_per_kwh);
            CHECK(country.price_source.name.empty());
            CHECK(!country.pue);
        }
    }
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"carbon_g_per_kwh", "3000"}}) ==
          "t.csv:2:12: carbon_g_per_kwh: 3000 is outside 0 to 2000");
    CHECK(complaint_about({{"price_period", "2025"}})
              .find("price_period: '2025' is not a half-year (2025-S2)") != std::string::npos);
    CHECK(complaint_about({{"price_basis", ""}}).find("price_basis: blank") != std::string::npos);
    CHECK(complaint_about({{"carbon_g_per_kwh", ""}})
              .find("carbon_year: there is no carbon_g_per_kwh that it could belong to") !=
          std::string::npos);
    CHECK(complaint_about({{"hpc_site", "Kajaani"}}).find("hpc_site: there is no hpc_pue") !=
          std::string::npos);
    CHECK(complaint_about({{"hpc_site", "Kajaani"},
                           {"hpc_pue", "0.9"},
                           {"pue_source", "s"},
                           {"pue_source_url", "https://s.eu"},
                           {"pue_grade", "B"}})
              .find("hpc_pue: 0.9 is outside 1 to 5") != std::string::npos);
}

}  // namespace euromesh::facts
