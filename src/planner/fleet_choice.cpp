#include "planner/fleet_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace euromesh::planner {
namespace {

constexpr double days_per_year = 365.25;

Result<std::set<std::string>> countries_of(const Scenario& scenario, const facts::FactSet& facts) {
    std::set<std::string> chosen;
    for (const std::string& name : scenario.fleet.countries) {
        if (name == "EU27") {
            for (const facts::Country& country : facts.countries)
                if (country.eu27) chosen.insert(country.country);
        } else if (facts::find_country(facts.countries, name) != nullptr) {
            chosen.insert(name);
        } else {
            return fail(Code::bad_input,
                        "{}: [fleet] countries: '{}' is unknown; use ISO codes such as DE, or EU27",
                        scenario.file, name.substr(0, 40));
        }
    }
    return chosen;
}

bool contains(const std::vector<std::string>& list, const std::string& id) {
    return std::find(list.begin(), list.end(), id) != list.end();
}

Status check_ids(const Scenario& scenario, const facts::FactSet& facts, const char* key,
                 const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
        const auto found = facts::find_system(facts.systems, id);
        if (!found)
            return fail(Code::bad_input, "{}: [fleet] {}: {}", scenario.file, key, found.error().message);
    }
    return {};
}

bool is_of_age(const Scenario& scenario, const facts::FactSet& facts, const facts::System& system) {
    if (!scenario.fleet.accelerators) return true;
    const facts::Accelerator* card = card_of(facts, system);
    const auto peak = card != nullptr ? dense_peak(*card) : std::nullopt;
    if (!peak) return false;
    return (price_class(*peak) == PriceClass::a100) == (*scenario.fleet.accelerators == "older");
}

Spread slip_of(facts::SystemStatus status, const Doubt& doubt) {
    switch (status) {
        case facts::SystemStatus::operational:
        case facts::SystemStatus::installing:
            return doubt.slip_installing;
        case facts::SystemStatus::contracted:
            return doubt.slip_contracted;
        default:
            return doubt.slip_selected;
    }
}

}  // namespace

const facts::Accelerator* card_of(const facts::FactSet& facts, const facts::System& system) {
    const auto at = std::find_if(facts.accelerators.begin(), facts.accelerators.end(),
                                 [&](const auto& card) { return card.id == system.accelerator; });
    return at == facts.accelerators.end() ? nullptr : &*at;
}

Result<std::vector<ChosenSystem>> choose_systems(const Scenario& scenario, const facts::FactSet& facts) {
    const FleetChoice& fleet = scenario.fleet;
    EM_TRY(check_ids(scenario, facts, "with", fleet.with));
    EM_TRY(check_ids(scenario, facts, "without", fleet.without));
    EM_ASSIGN(const std::set<std::string> countries, countries_of(scenario, facts));
    std::vector<ChosenSystem> chosen;
    for (const facts::System& system : facts.systems) {
        const bool asked_for = contains(fleet.with, system.id);
        const bool right_status =
            std::find(fleet.status.begin(), fleet.status.end(), system.status) != fleet.status.end();
        const bool right_country = countries.empty() || countries.count(system.country) != 0;
        const bool right_kind = fleet.kinds.empty() || std::find(fleet.kinds.begin(), fleet.kinds.end(),
                                                                 system.kind) != fleet.kinds.end();
        const bool matches = right_status && right_country && right_kind &&
                             is_of_age(scenario, facts, system) && system.accelerator.value_or("") != "none";
        if ((matches || asked_for) && !contains(fleet.without, system.id))
            chosen.push_back({&system, asked_for});
    }
    return chosen;
}

std::string why_it_cannot_compute(const facts::System& system, const facts::Accelerator* card, bool has_mfu) {
    if (!system.accelerator) return "its accelerator is not published";
    if (card == nullptr) return "it has no accelerators";
    if (!system.accelerator_count) return "its number of accelerators is not published";
    if (facts::counted_accelerators(system) == 0) return "it has no accelerators of its own";
    if (!dense_peak(*card)) return fmt::format("no dense BF16 rate of {} is published", card->name);
    if (!has_mfu) return fmt::format("no MFU of {} is published", card->name);
    return "";
}

std::optional<Spread> first_days(const facts::System& system, const Scenario& scenario) {
    if (system.status == facts::SystemStatus::operational) {
        if (!system.online_date || system.online_date->last <= scenario.from) return std::nullopt;
        const double day = system.online_date->last - scenario.from;
        return Spread::certain(day);
    }
    const double first = system.online_date ? system.online_date->first - scenario.from : 0;
    const double last = system.online_date ? system.online_date->last - scenario.from : 0;
    const Spread slip = slip_of(system.status, scenario.doubt);
    const Spread days = {first + slip.low * days_per_year, (first + last) / 2 + slip.central * days_per_year,
                         last + slip.high * days_per_year};
    return Spread{std::max(0.0, days.low), std::max(0.0, days.central), std::max(0.0, days.high)};
}

Result<SourcedSpread> build_years(const Build& build, const facts::FactSet& facts, const Scenario& scenario) {
    if (build.grid.empty())
        return SourcedSpread{build.years, {"the scenario: " + scenario.file, "", "", facts::Grade::c}, ""};
    const auto row = std::find_if(facts.grid_leads.begin(), facts.grid_leads.end(),
                                  [&](const auto& lead) { return lead.id == build.grid; });
    if (row == facts.grid_leads.end())
        return fail(Code::bad_input,
                    "{}: [[build]] {}: grid: no row '{}' in grid_lead_times.csv; "
                    "'euromesh facts show de-large' shows one",
                    scenario.file, build.id, build.grid.substr(0, 40));
    const double central = row->central_years;
    return SourcedSpread{{row->low_years.value_or(central), central, row->high_years.value_or(central)},
                         row->source,
                         "grid connection, " + row->region};
}

}  // namespace euromesh::planner
