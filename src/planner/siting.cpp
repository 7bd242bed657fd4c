#include "planner/siting.hpp"

#include <algorithm>

#include "planner/rates.hpp"

namespace euromesh::planner {
namespace {

constexpr double days_per_year = 365.25;

std::optional<double> positive(double value) {
    return value > 0 ? std::optional(value) : std::nullopt;
}

std::optional<double> sovereignty_of(const facts::FactSet& facts, const std::string& country) {
    const facts::Country* row = facts::find_country(facts.countries, country);
    if (row == nullptr) return std::nullopt;
    if (row->eu27) return 2;
    if (!row->eurohpc_member) return std::nullopt;
    return *row->eurohpc_member ? 1 : 0;
}

double lead_years(const PlanModel& model, const ModelUnit& unit) {
    if (unit.online_day == no_input) return 0;
    const Spread& days = model.inputs[static_cast<std::size_t>(unit.online_day)].spread;
    return std::max(0.0, days.central) / days_per_year;
}

double pue_of(const PlanModel& model, const ModelUnit& unit) {
    return unit.pue > 0 ? unit.pue : model.inputs[static_cast<std::size_t>(model.common.pue)].spread.central;
}

}  // namespace

std::vector<SitingCandidate> candidates_of(const Fleet& fleet, const facts::FactSet& facts) {
    const Result<SourcedSpread> building = building_price(facts.costs);
    std::vector<SitingCandidate> candidates;
    for (const FleetSite& site : fleet.sites) {
        if (!site.unit) continue;
        const ModelUnit& unit = fleet.model.units[*site.unit];
        const bool to_build = site.status == "to build";
        SitingCandidate candidate{.id = site.id};
        candidate.accessible_mw =
            positive(unit.share * unit.cards * unit.watts * pue_of(fleet.model, unit) / 1e6);
        candidate.lead_years = lead_years(fleet.model, unit);
        candidate.sovereignty = sovereignty_of(facts, site.country);
        candidate.price_eur_mwh = positive(unit.price_eur_per_kwh * 1000);
        candidate.carbon_g_kwh = positive(unit.carbon_g_per_kwh);
        if (!to_build) candidate.capex_eur_kw = 0;
        if (to_build && building) candidate.capex_eur_kw = building->spread.central * 1000;
        candidates.push_back(candidate);
    }
    return candidates;
}

}  // namespace euromesh::planner
