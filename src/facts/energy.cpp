#include "facts/energy.hpp"

#include "facts/fields.hpp"

namespace euromesh::facts {
namespace {

void expect_with(const CsvRow& row, std::string_view figure, std::string_view column) {
    if (row.blank(figure) == row.blank(column)) return;
    row.report(column, row.blank(column) ? fmt::format("blank; needed beside {}", figure)
                                         : fmt::format("there is no {} that it could belong to", figure));
}

void read_carbon(const CsvRow& row, CountryEnergy& energy) {
    energy.carbon_g_per_kwh = row.number("carbon_g_per_kwh", {0, 2000});
    year_in(row, "carbon_year");
    expect_with(row, "carbon_g_per_kwh", "carbon_year");
    if (!row.blank("carbon_g_per_kwh")) {
        energy.carbon_source =
            source_in(row, {"carbon_source", "carbon_source_url", "carbon_year", "carbon_grade"});
    }
}

// "2025-S2": Eurostat gives prices by half-year.
void expect_half_year(const CsvRow& row, std::string_view column) {
    const std::string& text = row.raw(column);
    const bool shaped =
        text.size() == 7 && text[4] == '-' && text[5] == 'S' && (text[6] == '1' || text[6] == '2');
    if (!shaped || !parse_partial_date(text.substr(0, 4)))
        row.report(column, fmt::format("'{}' is not a half-year (2025-S2)", shown(text)));
}

void read_price(const CsvRow& row, CountryEnergy& energy) {
    energy.price_eur_per_kwh = row.number("price_eur_per_kwh", {0, 10});
    expect_with(row, "price_eur_per_kwh", "price_period");
    if (row.blank("price_eur_per_kwh")) return;
    energy.price_source = source_in(row, {"price_source", "price_source_url", "", "price_grade"});
    energy.price_source.as_of = row.raw("price_period");
    energy.price_basis = row.text("price_basis");
    if (!row.blank("price_period")) expect_half_year(row, "price_period");
}

void read_pue(const CsvRow& row, CountryEnergy& energy) {
    energy.hpc_site = row.optional_text("hpc_site");
    energy.pue = row.number("hpc_pue", {1, 5});
    expect_with(row, "hpc_pue", "hpc_site");
    if (!row.blank("hpc_pue"))
        energy.pue_source = source_in(row, {"pue_source", "pue_source_url", "", "pue_grade"});
}

CountryEnergy read_energy(const CsvRow& row) {
    CountryEnergy energy;
    energy.country = country_in(row, "country_iso2");
    energy.name = row.text("country");
    read_carbon(row, energy);
    read_price(row, energy);
    read_pue(row, energy);
    energy.note = row.raw("note");
    return energy;
}

}  // namespace

const TableKind<CountryEnergy>& energy_table() {
    static const TableKind<CountryEnergy> kind = {{"energy.csv",
                                                   {"country_iso2",
                                                    "country",
                                                    {"carbon_g_per_kwh", "g/kWh"},
                                                    {"carbon_year", "1"},
                                                    "carbon_source",
                                                    "carbon_source_url",
                                                    "carbon_grade",
                                                    {"price_eur_per_kwh", "EUR/kWh"},
                                                    "price_period",
                                                    "price_basis",
                                                    "price_source",
                                                    "price_source_url",
                                                    "price_grade",
                                                    "hpc_site",
                                                    {"hpc_pue", "1"},
                                                    "pue_source",
                                                    "pue_source_url",
                                                    "pue_grade",
                                                    "note"}},
                                                  read_energy};
    return kind;
}

Result<std::vector<CountryEnergy>> load_energy(const FactFiles& files) {
    return load_records(energy_table(), files);
}

}  // namespace euromesh::facts
