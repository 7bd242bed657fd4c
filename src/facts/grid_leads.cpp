#include "facts/grid_leads.hpp"

#include "facts/fields.hpp"

namespace euromesh::facts {
namespace {

const std::vector<std::string_view> class_names = {"large", "medium"};
constexpr NumberBounds years{0, 50};

GridLead read_lead(const CsvRow& row) {
    GridLead lead;
    lead.id = row.text("id");
    lead.region = row.text("region");
    lead.country = row.raw("country_iso2") == "NORDIC" ? "NORDIC" : country_in(row, "country_iso2");
    lead.load_class = static_cast<LoadClass>(row.choice("load_class", class_names));
    lead.load_mw = row.number("load_mw", {1, 1e5});
    lead.low_years = row.number("low_years", years);
    row.text("central_years");
    lead.central_years = row.number("central_years", years).value_or(0);
    lead.high_years = row.number("high_years", years);
    expect_order(row, "low_years", "central_years", "high_years");
    lead.source = source_in(row);
    lead.evidence = evidence_in(row);
    lead.note = row.raw("note");
    return lead;
}

}  // namespace

std::string_view name_of(LoadClass load_class) {
    return class_names[static_cast<std::size_t>(load_class)];
}

const TableKind<GridLead>& grid_leads_table() {
    static const TableKind<GridLead> kind = {{"grid_lead_times.csv",
                                              {"id",
                                               "region",
                                               "country_iso2",
                                               "load_class",
                                               {"load_mw", "MW"},
                                               {"low_years", "years"},
                                               {"central_years", "years"},
                                               {"high_years", "years"},
                                               "source",
                                               "source_url",
                                               "as_of",
                                               "grade",
                                               "evidence",
                                               "note"}},
                                             read_lead};
    return kind;
}

Result<std::vector<GridLead>> load_grid_leads(const FactFiles& files) {
    return load_records(grid_leads_table(), files);
}

}  // namespace euromesh::facts
