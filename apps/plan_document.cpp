#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "apps/plan_report.hpp"
#include "planner/plan_groups.hpp"
#include "planner/sensitivity.hpp"

namespace euromesh::apps {
namespace {

using planner::never;
using planner::Plan;

constexpr std::size_t tornado_bars = 16;

Json iso(const std::optional<facts::Date>& date) {
    return date ? Json(facts::to_iso(*date)) : Json(nullptr);
}

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json known(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

template <class Value>
Json known(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

facts::Date horizon_of(const Plan& plan) {
    return plan.scenario.from + static_cast<std::int32_t>(plan.scenario.horizon_days);
}

Json probability_by(const Plan& plan, const planner::Outcomes& outcomes) {
    constexpr int points = 40;
    const std::vector<double> quantiles = outcomes.quantiles(0, std::vector<double>{0.001, 0.999});
    const double horizon = static_cast<double>(plan.scenario.horizon_days);
    const double first = std::min(quantiles[0], horizon);
    const double last = std::min(quantiles[1], horizon);
    Json list = Json::array();
    for (int k = 0; k <= points; ++k) {
        const double day = std::round(first + (last - first) * k / points);
        list.push_back({{"date", iso(planner::date_after(plan, day))},
                        {"probability", outcomes.probability_at_most(0, day)}});
    }
    return list;
}

Json answer_of(const Plan& plan, const planner::Outcomes& outcomes) {
    const planner::Band band = outcomes.band(0);
    const auto date = [&](double days) { return iso(planner::date_after(plan, days)); };
    return {{"date", date(band.p50)},
            {"days", number(band.p50)},
            {"central_date", date(plan.answer.days)},
            {"central_days", number(plan.answer.days)},
            {"p05", date(band.p05)},
            {"p10", date(band.p10)},
            {"p50", date(band.p50)},
            {"p90", date(band.p90)},
            {"p95", date(band.p95)},
            {"probability_by", probability_by(plan, outcomes)},
            {"scenarios", outcomes.scenarios()},
            {"never", 1 - outcomes.finite_share(0)}};
}

Json binding_of(const Plan& plan) {
    Json gains = Json::array();
    for (const planner::Gain& gain : plan.gains)
        gains.push_back({{"label", gain.label}, {"days", number(gain.days)}});
    if (plan.gains.empty())
        return {{"constraint", "none"},
                {"text", "Nothing that the plan can change would help."},
                {"gains", gains}};
    const planner::Gain& first = plan.gains.front();
    const std::string effect = std::isfinite(first.days)
                                   ? fmt::format("would bring the date forward by {:.0f} days", first.days)
                                   : "would make the target reachable within the horizon";
    return {{"constraint", first.label},
            {"text", fmt::format("Most would be won by: {}. It {}.", first.label, effect)},
            {"gains", gains}};
}

struct Used {
    double flop = 0;
    double rate = 0;
};

// What each site contributes until the answer (or the horizon), before efficiency.
Used used_of(const Plan& plan, const planner::FleetSite& site) {
    if (!site.unit || !site.why_not.empty()) return {};
    const planner::ModelUnit& unit = plan.fleet.model.units[*site.unit];
    const double until = std::min(plan.answer.days, plan.fleet.model.horizon_days);
    const double start = plan.spans.empty() ? 0 : plan.spans.front().from_day;
    const double first = std::max(start, plan.fleet.model.first_day(unit, plan.central, {}));
    const double last = std::min(until, unit.end_day);
    const double rate = plan.fleet.model.rate(unit, plan.central);
    return {rate * std::max(0.0, last - first), rate};
}

double flop_of_all(const Plan& plan) {
    double sum = 0;
    for (const planner::FleetSite& site : plan.fleet.sites) sum += used_of(plan, site).flop;
    return sum;
}

Json sites_of(const Plan& plan) {
    const double all = flop_of_all(plan);
    Json list = Json::array();
    for (const planner::FleetSite& site : plan.fleet.sites) {
        const Used used = used_of(plan, site);
        Json row = {{"id", site.id},
                    {"name", site.name},
                    {"place", site.place},
                    {"country", site.country},
                    {"lat", known(site.lat)},
                    {"lon", known(site.lon)},
                    {"status", site.status},
                    {"online", known(site.online)},
                    {"retire", known(site.retire)},
                    {"accelerator", site.accelerator},
                    {"count", site.cards},
                    {"peak_pflops", site.peak_flop_per_s / 1e15},
                    {"used_pflops", used.rate / 1e15},
                    {"share_of_flop", all > 0 ? used.flop / all : 0},
                    {"used", site.unit.has_value() && site.why_not.empty()},
                    {"figure", site.unit ? planner::figure_id(site, "rate") : ""},
                    {"grade", facts::name_of(site.grade)}};
        if (!site.why_not.empty()) row["why_not"] = site.why_not;
        list.push_back(std::move(row));
    }
    return list;
}

Json curve_of(const Plan& plan, const planner::Sampler& sampler) {
    Json list = Json::array();
    for (const planner::CurvePoint& point : planner::curve_of(plan, sampler, 100))
        list.push_back({{"date", facts::to_iso(point.date)},
                        {"flop", point.flop},
                        {"p10", point.p10},
                        {"p90", point.p90}});
    return list;
}

Json steps_of(const Plan& plan) {
    Json list = Json::array();
    double before = 0;
    for (const planner::Step& step : plan.steps) {
        Json row = {{"label", step.label},
                    {"days", number(step.days)},
                    {"change", before == 0 ? Json(0) : number(step.days - before)},
                    {"why", step.why}};
        if (plan.fleet.trace.find(step.figure) != nullptr) row["figure"] = step.figure;
        list.push_back(std::move(row));
        before = step.days;
    }
    return list;
}

planner::OutcomeFunction days_of(const Plan& plan) {
    return [&plan](std::span<const double> values) { return plan.fleet.model.evaluate(values).days; };
}

Json tornado_of(const Plan& plan, const planner::Sampler& sampler) {
    const planner::Tornado tornado = planner::tornado(sampler, days_of(plan));
    Json list = Json::array();
    for (const planner::TornadoBar& bar : tornado.bars) {
        if (!(bar.swing > 0) || list.size() == tornado_bars) break;
        const planner::UncertainInput& input = sampler.input_list()[bar.input];
        list.push_back({{"input", input.id},
                        {"label", input.label},
                        {"unit", input.unit},
                        {"low", bar.input_low},
                        {"high", bar.input_high},
                        {"days_at_low", number(bar.at_low)},
                        {"days_at_high", number(bar.at_high)},
                        {"figure", input.id}});
    }
    return list;
}

Json sobol_of(const Plan& plan, const planner::Sampler& sampler) {
    planner::SobolOptions options;
    options.base_samples = 2048;
    options.seed = plan.scenario.seed;
    options.cap = plan.fleet.model.horizon_days;
    const planner::SobolIndices indices =
        planner::sobol_indices(sampler, days_of(plan), planner::plan_groups(sampler), options);
    Json list = Json::array();
    for (const planner::SobolIndex& index : indices.indices)
        list.push_back({{"label", index.group.label},
                        {"first", {index.first, index.first_interval.low, index.first_interval.high}},
                        {"total", {index.total, index.total_interval.low, index.total_interval.high}}});
    return list;
}

struct CountrySum {
    double flop = 0;
    double kwh = 0;
    double euros = 0;
    double grams = 0;
};

std::map<std::string, CountrySum> by_country(const Plan& plan) {
    std::map<std::string, CountrySum> sums;
    for (const planner::FleetSite& site : plan.fleet.sites) {
        if (!site.unit || !site.why_not.empty()) continue;
        CountrySum& sum = sums[site.country];
        sum.flop += used_of(plan, site).flop;
        const planner::PlanOutcome part =
            plan.fleet.model.consumption_of(*site.unit, plan.central, plan.answer.days);
        sum.kwh += part.kwh;
        sum.euros += part.euros;
        sum.grams += part.grams_co2e;
    }
    return sums;
}

Json countries_of(const Plan& plan, const facts::FactSet& facts) {
    const double all = flop_of_all(plan);
    Json list = Json::array();
    for (const auto& [code, sum] : by_country(plan)) {
        const facts::Country* country = facts::find_country(facts.countries, code);
        list.push_back({{"country", code},
                        {"name", country != nullptr ? country->name : code},
                        {"flop_share", all > 0 ? sum.flop / all : 0},
                        {"mwh", sum.kwh / 1e3},
                        {"tco2e", sum.grams / 1e6},
                        {"eur", sum.euros}});
    }
    return list;
}

Json totals_of(const Plan& plan, const planner::Outcomes& outcomes) {
    const auto band = [&](std::size_t outcome) { return outcomes.band(outcome); };
    return {{"eur", plan.answer.euros},
            {"eur_low", band(3).p05},
            {"eur_high", band(3).p95},
            {"mwh", plan.answer.kwh / 1e3},
            {"mwh_low", band(2).p05 / 1e3},
            {"mwh_high", band(2).p95 / 1e3},
            {"tco2e", plan.answer.grams_co2e / 1e6},
            {"tco2e_low", band(5).p05 / 1e6},
            {"tco2e_high", band(5).p95 / 1e6},
            {"accelerator_hours", plan.answer.accelerator_hours}};
}

Json cost_of(const Plan& plan, const planner::Outcomes& outcomes) {
    const planner::Band all = outcomes.band(3);
    const planner::Band power = outcomes.band(4);
    const double rest = plan.answer.euros - plan.answer.electricity_euros;
    return {{{"label", "electricity"},
             {"eur", plan.answer.electricity_euros},
             {"low", power.p05},
             {"high", power.p95},
             {"figure", "answer.electricity"}},
            {{"label", "machines, staff and margin: the rest of the market price"},
             {"eur", rest},
             {"low", std::max(0.0, all.p05 - plan.answer.electricity_euros)},
             {"high", std::max(rest, all.p95 - plan.answer.electricity_euros)},
             {"figure", "answer.cost"}}};
}

Json figures_of(const Plan& plan) {
    Json list = Json::array();
    for (const planner::Figure& figure : plan.fleet.trace.figures()) list.push_back(planner::to_json(figure));
    return list;
}

Json limits() {
    return {"The share is a political choice: it is an axis of this plan, not a forecast.",
            "No site publishes its line; 2 to 40 Gbit/s are assumed for every one.",
            "MFU of most European machines is derived from runs elsewhere (grade C).",
            "The convergence penalty beyond 10 billion parameters or 8 sites is extrapolated.",
            "Cost is what the accelerator-hours would cost on the market; public machines are paid for.",
            "Data, staff and several generations of a model are not in this plan."};
}

Json scaled_of(const Plan& b, const std::optional<planner::Scaled>& scaled) {
    if (!scaled) return nullptr;
    return {{"date", iso(planner::date_after(b, scaled->days))}, {"gap_days", number(scaled->gap_days)}};
}

}  // namespace

Result<Json> comparison_document(const Plan& a, const Plan& b, const planner::Comparison& comparison) {
    EM_ASSIGN(const planner::Sampler sampler, planner::Sampler::make(b.fleet.model.inputs, a.scenario.seed));
    const planner::Band band = comparison.outcomes.band(1);
    Json document = {{"name", b.scenario.name},
                     {"date", iso(planner::date_after(b, band.p50))},
                     {"p10", iso(planner::date_after(b, band.p10))},
                     {"p50", iso(planner::date_after(b, band.p50))},
                     {"p90", iso(planner::date_after(b, band.p90))},
                     {"probability_before", comparison.odds.first},
                     {"gap_days", number(comparison.gap_days)},
                     {"curve", curve_of(b, sampler)}};
    if (comparison.equal_power) document["equal_power"] = scaled_of(b, comparison.equal_power);
    if (comparison.equal_money) document["equal_money"] = scaled_of(b, comparison.equal_money);
    return document;
}

Result<Json> plan_document(const Plan& plan, const planner::PlanDoubt& doubt, const facts::FactSet& facts,
                           const Clock& clock) {
    const planner::Scenario& scenario = plan.scenario;
    return Json{{"format", "euromesh-plan/1"},
                {"version", EUROMESH_VERSION},
                {"made", iso8601_utc(clock.wall()).substr(0, 10)},
                {"scenario", {{"name", scenario.name}, {"about", scenario.about}, {"file", scenario.file}}},
                {"target",
                 {{"name", scenario.target.name},
                  {"flop", scenario.target.flop},
                  {"parameters", scenario.target.parameters},
                  {"tokens", scenario.target.tokens}}},
                {"share", scenario.fleet.share},
                {"seed", scenario.seed},
                {"from", facts::to_iso(scenario.from)},
                {"horizon", facts::to_iso(horizon_of(plan))},
                {"answer", answer_of(plan, doubt.outcomes)},
                {"binding", binding_of(plan)},
                {"sites", sites_of(plan)},
                {"curve", curve_of(plan, doubt.sampler)},
                {"steps", steps_of(plan)},
                {"tornado", tornado_of(plan, doubt.sampler)},
                {"sobol", sobol_of(plan, doubt.sampler)},
                {"cost", cost_of(plan, doubt.outcomes)},
                {"totals", totals_of(plan, doubt.outcomes)},
                {"countries", countries_of(plan, facts)},
                {"links",
                 {{"answer.days", "answer.median"},
                  {"answer.date", "answer.median"},
                  {"totals.eur", "answer.cost"},
                  {"totals.mwh", "answer.energy"},
                  {"totals.tco2e", "answer.carbon"},
                  {"totals.accelerator_hours", "answer.hours"}}},
                {"limits", limits()},
                {"figures", figures_of(plan)}};
}

}  // namespace euromesh::apps
