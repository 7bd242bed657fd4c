// Electricity by country: its carbon, its price, and the PUE of a computing centre there where one is known.
//
// Carbon is the annual mean of the grid, life cycle, in gCO2e/kWh; prices are of non-household users
// (Eurostat band IC, 500 to 2,000 MWh a year, without VAT) in EUR/kWh. Each figure has its own source; the
// source of an unknown figure is empty. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

struct CountryEnergy {
    std::string country = {};  // ISO 3166-1 alpha-2, or EU
    std::string name = {};
    std::optional<double> carbon_g_per_kwh = {};
    Source carbon_source = {};  // as_of: the year of the figure
    std::optional<double> price_eur_per_kwh = {};
    Source price_source = {};      // as_of: the half-year of the figure, "2025-S2"
    std::string price_basis = {};  // which taxes it holds
    std::optional<std::string> hpc_site = {};
    std::optional<double> pue = {};  // of hpc_site; 1 is the least there can be
    Source pue_source = {};
    std::string note = {};
};

const TableKind<CountryEnergy>& energy_table();
Result<std::vector<CountryEnergy>> load_energy(const FactFiles& files);

}  // namespace euromesh::facts
