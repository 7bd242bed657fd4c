// Prices of buildings, systems, accelerator hours, power and people, as published, each with its own unit.
//
// low, central and high are in `unit`; eur_central is the central value with USD turned into EUR (the rate
// stands in the row fx-usd). There are no sums of money in rows whose unit is a share or a time: they carry
// no currency. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

struct Cost {
    std::string id = {};
    std::string category = {};  // one of cost_categories()
    std::string item = {};
    std::string region = {};
    std::string unit = {};  // "EUR per kWh", "USD million per MW IT", "percent of new"
    std::optional<double> low = {};
    std::optional<double> central = {};
    std::optional<double> high = {};
    std::optional<std::string> currency = {};  // EUR or USD
    std::optional<double> eur_central = {};
    std::string period = {};  // what it was valid for, as published: "2026-Q1", "contract"
    Source source = {};
    std::string evidence = {};
    std::string note = {};
};

const std::vector<std::string_view>& cost_categories();

const TableKind<Cost>& costs_table();
Result<std::vector<Cost>> load_costs(const FactFiles& files);
// not_found: names those most alike.
Result<Cost> find_cost(const std::vector<Cost>& costs, std::string_view id);

}  // namespace euromesh::facts
