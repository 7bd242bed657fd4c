#include "facts/costs.hpp"

#include "facts/fields.hpp"
#include "facts/nearest.hpp"

namespace euromesh::facts {
namespace {

Cost read_cost(const CsvRow& row) {
    Cost cost;
    cost.id = row.text("id");
    cost.category = cost_categories()[row.choice("category", cost_categories())];
    cost.item = row.text("item");
    cost.region = row.text("region");
    cost.unit = row.text("unit");
    cost.low = row.number("low");
    cost.central = row.number("central");
    cost.high = row.number("high");
    expect_order(row, "low", "central", "high");
    cost.currency = row.optional_text("currency");
    if (cost.currency) row.choice("currency", {"EUR", "USD"});
    cost.eur_central = row.number("eur_central");
    if (cost.currency && cost.central && row.blank("eur_central"))
        row.report("eur_central", "blank; needed beside a central value in a currency");
    cost.period = row.raw("period");
    cost.source = source_in(row);
    cost.evidence = evidence_in(row);
    cost.note = row.raw("note");
    return cost;
}

}  // namespace

const std::vector<std::string_view>& cost_categories() {
    static const std::vector<std::string_view> names = {
        "capex_building", "system_procurement", "system_tco", "gpu_hour", "refurbished", "purchase",
        "amortisation",   "electricity",        "opex",       "network",  "grid",        "fx",
        "programme"};
    return names;
}

const TableKind<Cost>& costs_table() {
    static const TableKind<Cost> kind = {{"costs.csv",
                                          {"id",
                                           "category",
                                           "item",
                                           "region",
                                           "unit",
                                           {"low", "1"},
                                           {"central", "1"},
                                           {"high", "1"},
                                           "currency",
                                           {"eur_central", "1"},
                                           "period",
                                           "source",
                                           "source_url",
                                           "as_of",
                                           "grade",
                                           "evidence",
                                           "note"}},
                                         read_cost};
    return kind;
}

Result<std::vector<Cost>> load_costs(const FactFiles& files) {
    return load_records(costs_table(), files);
}

Result<Cost> find_cost(const std::vector<Cost>& costs, std::string_view id) {
    std::vector<std::string> ids;
    for (const Cost& cost : costs) {
        if (cost.id == id) return cost;
        ids.push_back(cost.id);
    }
    return fail(Code::not_found, "no cost '{}' in costs.csv{}", shown(id),
                do_you_mean(nearest_names(id, ids)));
}

}  // namespace euromesh::facts
