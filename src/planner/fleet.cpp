#include "planner/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "planner/fleet_choice.hpp"
#include "planner/measured_efficiency.hpp"
#include "planner/memory.hpp"
#include "planner/rates.hpp"
#include "planner/site_selection.hpp"

namespace euromesh::planner {
namespace {

constexpr double days_per_year = 365.25;
constexpr double gigabyte = 1e9;
// A failure stops at most as many cards as the largest published synchronous run had (Llama 3 405B): what is
// larger is run as groups that rejoin, as sites do.
constexpr double largest_failure_domain = 16384;

facts::Source judged(std::string why) {
    return {std::move(why), "", "2026-11-21", facts::Grade::c};
}

facts::Source said_by(const Scenario& scenario) {
    return judged("the scenario: " + scenario.file);
}

class Maker {
  public:
    Maker(const Scenario& scenario, const facts::FactSet& facts) : scenario_(scenario), facts_(facts) {}

    Result<Fleet> make();

  private:
    void set_run();
    void add_common();
    Status add_system(const facts::System& system, bool asked_for);
    Status add_build(const Build& build);
    FleetSite site_of(const facts::System& system) const;
    Status add_unit(FleetSite& site, const facts::Accelerator& card, ModelUnit unit,
                    std::optional<double> memory_gb);
    void trace_unit(const FleetSite& site, const facts::Accelerator& card, const ModelUnit& unit,
                    const facts::Source& count_source);
    void set_energy(ModelUnit& unit, const std::string& country);
    Result<InputIndex> price_input(double peak);
    InputIndex mfu_input(const facts::Accelerator& card, const SourcedSpread& mfu);
    InputIndex add_input(UncertainInput input, const facts::Source& source, const std::string& note = "");
    InputIndex common_input(const char* id, const char* label, const char* unit, const Spread& spread,
                            const facts::Source& source);
    InputIndex online_input(const std::string& id, const std::string& name, const std::string& country,
                            const Spread& days, const facts::Source& source, const std::string& note);
    std::optional<SourcedSpread> mfu_of(const facts::Accelerator& card) const;
    void check_memory();
    void set_failure_domain();
    void select();

    const Scenario& scenario_;
    const facts::FactSet& facts_;
    Fleet fleet_;
    std::map<std::string, InputIndex> known_inputs_;
    std::vector<double> memory_;  // bytes of a card, by unit
};

InputIndex Maker::add_input(UncertainInput input, const facts::Source& source, const std::string& note) {
    const auto known = known_inputs_.find(input.id);
    if (known != known_inputs_.end()) return known->second;
    const Spread& spread = input.spread;
    fleet_.trace.leaf(
        {.id = input.id,
         .label = input.label,
         .value = spread.central,
         .unit = input.unit,
         .range = spread.low < spread.high ? std::optional(Range{spread.low, spread.high}) : std::nullopt,
         .source = source,
         .note = note});
    const auto index = static_cast<InputIndex>(fleet_.model.inputs.size());
    known_inputs_[input.id] = index;
    fleet_.model.inputs.push_back(std::move(input));
    return index;
}

InputIndex Maker::common_input(const char* id, const char* label, const char* unit, const Spread& spread,
                               const facts::Source& source) {
    return add_input({id, label, unit, spread, 0, 0, ""}, source);
}

void Maker::add_common() {
    CommonInputs& common = fleet_.model.common;
    const AccessRules& access = scenario_.access;
    const RunChoice& run = scenario_.run;
    const facts::Source said = said_by(scenario_);
    common.coordination_days = add_input({"coordination_days", "until every site has its first allocation",
                                          "days", access.coordination_days, scenario_.doubt.europe, 0, ""},
                                         said);
    if (!access.reserved) {
        common.wall_time_h =
            common_input("availability.wall_time", "longest allocation", "h", access.wall_time_h, said);
        common.queue_h =
            common_input("availability.queue", "wait in the batch queue", "h", access.queue_h, said);
        common.chained = common_input("availability.chained", "part of the queue hidden by asking early", "1",
                                      access.chained, said);
    }
    common.maintenance =
        common_input("availability.maintenance", "time lost to maintenance", "1", access.maintenance, said);
    if (!run.efficiency) {
        common.wan_gbps =
            common_input("efficiency.wan_gbps", "one site's line", "Gbit/s", run.wan_gbps, said);
        common.round_trip_ms = common_input("efficiency.round_trip_ms", "round trip between sites", "ms",
                                            run.round_trip_ms, said);
        common.straggler = common_input("efficiency.straggler", "part of a round lost to slower sites", "1",
                                        run.straggler, said);
        common.penalty =
            common_input("efficiency.penalty_scale", "convergence penalty, 0 optimistic to 2 pessimistic",
                         "1", run.penalty, said);
    }
    common.pue = common_input("pue", "PUE where a site publishes none", "1", {1.08, 1.2, 1.5},
                              judged("published PUE of European centres, data/energy.csv"));
    common.power = common_input("power", "factor on power: training against HPL or TDP", "1",
                                {0.8, 0.95, 1.1}, judged("training draws somewhat less than HPL"));
    common.carbon = common_input("carbon", "factor on the carbon of grids, annual mean to the run's hours",
                                 "1", {0.7, 1.0, 1.15}, judged("grids change; the figures are annual means"));
    common.electricity = common_input("electricity", "factor on electricity prices", "1", {0.6, 1.0, 1.3},
                                      judged("large users pay less than Eurostat's band IC"));
}

void Maker::set_run() {
    PlanModel& model = fleet_.model;
    const RunChoice& run = scenario_.run;
    const Target& target = scenario_.target;
    RunShape shape = {.parameters = target.parameters,
                      .active_parameters = target.active_parameters,
                      .batch_tokens = run.batch_tokens,
                      .inner_steps = run.inner_steps,
                      .overlap_steps = run.overlap_steps,
                      .payload_bytes_per_parameter = payload_of(run.codec).value(),
                      .topology = run.topology,
                      .training_tokens = target.tokens,
                      .reference_batch_tokens = run.reference_batch_tokens};
    if (run.measured) shape = with_measured_payload(*run.measured, run.codec, shape);
    model.shape = prepare(shape);
    model.measured = run.measured;
    model.access.reserved = scenario_.access.reserved;
    model.fixed_efficiency = run.efficiency.value_or(0);
    model.target_flop = target.flop;
    model.horizon_days = static_cast<double>(scenario_.horizon_days);
    fleet_.trace.leaf({.id = "target",
                       .label = "compute of the target, " + target.name,
                       .value = target.flop,
                       .unit = "FLOP",
                       .source = target.source});
    fleet_.trace.leaf({.id = "share",
                       .label = "share of every system",
                       .value = scenario_.fleet.share,
                       .unit = "1",
                       .source = said_by(scenario_),
                       .note = "a political choice, so it is an axis and never sampled"});
}

std::optional<SourcedSpread> Maker::mfu_of(const facts::Accelerator& card) const {
    if (scenario_.run.mfu) return SourcedSpread{Spread::certain(*scenario_.run.mfu), said_by(scenario_), ""};
    return scenario_.run.in_run_mfu ? in_run_mfu(card) : whole_job_mfu(card);
}

InputIndex Maker::mfu_input(const facts::Accelerator& card, const SourcedSpread& mfu) {
    return add_input(
        {"mfu." + card.id, "MFU of " + card.name, "1", mfu.spread, 0, scenario_.doubt.software, "software"},
        mfu.source, mfu.note);
}

Result<InputIndex> Maker::price_input(double peak) {
    const PriceClass kind = price_class(peak);
    EM_ASSIGN(const SourcedSpread price, hour_price(facts_.costs, kind));
    return add_input({fmt::format("hour_price.{}", name_of(kind).substr(0, 4)),
                      fmt::format("price of an hour, {}", name_of(kind)), "EUR/h", price.spread, 0, 0, ""},
                     price.source, price.note);
}

void Maker::set_energy(ModelUnit& unit, const std::string& country) {
    const facts::CountryEnergy* own = nullptr;
    const facts::CountryEnergy* union_mean = nullptr;
    for (const facts::CountryEnergy& row : facts_.energy) {
        if (row.country == country) own = &row;
        if (row.country == "EU") union_mean = &row;
    }
    for (const facts::CountryEnergy* row : {union_mean, own}) {
        if (row == nullptr) continue;
        if (row->carbon_g_per_kwh) unit.carbon_g_per_kwh = *row->carbon_g_per_kwh;
        if (row->price_eur_per_kwh) unit.price_eur_per_kwh = *row->price_eur_per_kwh;
    }
    if (own != nullptr) unit.pue = own->pue.value_or(0);
}

InputIndex Maker::online_input(const std::string& id, const std::string& name, const std::string& country,
                               const Spread& days, const facts::Source& source, const std::string& note) {
    return add_input({"online." + id, "first day of " + name, "days", days, scenario_.doubt.europe,
                      scenario_.doubt.country, "country " + country},
                     source, note);
}

Status Maker::add_unit(FleetSite& site, const facts::Accelerator& card, ModelUnit unit,
                       std::optional<double> memory_gb) {
    const auto peak = dense_peak(card);
    const auto mfu = mfu_of(card);
    EM_ASSIGN(unit.hour_price, price_input(*peak));
    EM_ASSIGN(const SourcedSpread capital, capital_price(facts_.costs, price_class(*peak)));
    unit.mfu = mfu_input(card, *mfu);
    unit.peak_flop_per_s = *peak;
    set_energy(unit, site.country);
    site.peak_flop_per_s = unit.cards * *peak;
    site.capital_euros += unit.cards * unit.share * capital.spread.central;
    site.unit = fleet_.model.units.size();
    memory_.push_back(memory_gb.value_or(card.memory_gb.value_or(0)) * gigabyte);
    fleet_.model.units.push_back(unit);
    return {};
}

void Maker::trace_unit(const FleetSite& site, const facts::Accelerator& card, const ModelUnit& unit,
                       const facts::Source& count_source) {
    Trace& trace = fleet_.trace;
    const std::string peak = "accelerator." + card.id + ".peak";
    trace.leaf({.id = peak,
                .label = "dense BF16 peak of " + card.name,
                .value = unit.peak_flop_per_s,
                .unit = "FLOP/s",
                .source = card.source});
    const std::string cards = figure_id(site, "cards");
    trace.leaf({.id = cards,
                .label = "accelerators of " + site.name,
                .value = unit.cards,
                .unit = "cards",
                .source = count_source});
    const std::string& mfu = fleet_.model.inputs[static_cast<std::size_t>(unit.mfu)].id;
    const bool whole = unit.share == 1;
    std::vector<std::string> inputs = {cards, peak, mfu};
    if (!whole) inputs.insert(inputs.begin(), "share");
    trace.derive({.id = figure_id(site, "rate"),
                  .label = "what " + site.name + " computes for the run",
                  .value = fleet_.model.rate(unit, fleet_.model.central()),
                  .unit = "FLOP/s",
                  .formula = whole ? "cards x peak x MFU" : "share x cards x peak x MFU",
                  .inputs = inputs});
}

FleetSite Maker::site_of(const facts::System& system) const {
    FleetSite site;
    site.id = system.id;
    site.name = system.name;
    site.place = system.place;
    site.country = system.country;
    site.lat = system.lat;
    site.lon = system.lon;
    site.status = facts::name_of(system.status);
    site.online = system.online_date ? facts::to_iso(*system.online_date) : "";
    site.retire = system.retire_date ? facts::to_iso(*system.retire_date) : "";
    site.accelerator = system.accelerator.value_or("");
    site.cards = static_cast<double>(system.accelerator_count.value_or(0));
    site.grade = system.source.grade;
    return site;
}

Status Maker::add_system(const facts::System& system, bool asked_for) {
    FleetSite site = site_of(system);
    const facts::Accelerator* card = card_of(facts_, system);
    site.why_not = why_it_cannot_compute(system, card, card != nullptr && mfu_of(*card).has_value());
    if (!site.why_not.empty()) {
        if (asked_for)
            return fail(Code::bad_input, "{}: [fleet] with: '{}' {}", scenario_.file, system.id,
                        site.why_not);
        fleet_.sites.push_back(std::move(site));
        return {};
    }
    ModelUnit unit;
    unit.cards = site.cards;
    unit.share = scenario_.fleet.share;
    if (system.retire_date) unit.end_day = system.retire_date->last - scenario_.from + 1;
    if (const auto first = first_days(system, scenario_))
        unit.online_day = online_input(system.id, system.name, system.country, *first, system.source,
                                       "the announced date, and the slip that its status makes likely");
    if (system.source.grade == facts::Grade::c)
        unit.count_factor = add_input({"count." + system.id, "count of accelerators of " + system.name, "1",
                                       scenario_.doubt.weak_count, 0, 0, ""},
                                      judged("the published count is of grade C"));
    unit.watts = watts_per_card(system, *card).value_or(SourcedSpread{}).spread.central;
    EM_TRY(add_unit(site, *card, unit, system.accel_mem_gb));
    trace_unit(site, *card, fleet_.model.units.back(), system.source);
    fleet_.sites.push_back(std::move(site));
    return {};
}

Status Maker::add_build(const Build& build) {
    const std::string where = fmt::format("{}: [[build]] {}", scenario_.file, build.id);
    if (std::any_of(fleet_.sites.begin(), fleet_.sites.end(),
                    [&](const auto& site) { return site.id == build.id; }))
        return fail(Code::bad_input, "{}: id: a system of the facts has it; use another", where);
    if (facts::find_country(facts_.countries, build.country) == nullptr)
        return fail(Code::bad_input, "{}: country: '{}' is unknown; use an ISO code such as DE", where,
                    build.country.substr(0, 40));
    const auto card = facts::find_accelerator(facts_.accelerators, build.accelerator);
    if (!card) return fail(Code::bad_input, "{}: accelerator: {}", where, card.error().message);
    const auto watts = watts_per_card(*card);
    if (!dense_peak(*card) || !mfu_of(*card) || !watts)
        return fail(Code::bad_input,
                    "{}: accelerator '{}' has no published rate, MFU or power; use one that has", where,
                    card->id);
    EM_ASSIGN(const SourcedSpread years, build_years(build, facts_, scenario_));
    const double pue = fleet_.model.inputs[static_cast<std::size_t>(fleet_.model.common.pue)].spread.central;
    ModelUnit unit;
    unit.cards = std::floor(build.power_mw * 1e6 / (watts->spread.central * pue));
    unit.share = 1;
    unit.ramp_days = build.ramp_months * days_per_year / 12;
    unit.watts = watts->spread.central;
    const Spread days = {years.spread.low * days_per_year, years.spread.central * days_per_year,
                         years.spread.high * days_per_year};
    unit.online_day = online_input(build.id, build.name, build.country, days, years.source, years.note);
    FleetSite site;
    site.id = build.id;
    site.name = build.name;
    site.place = build.name;
    site.country = build.country;
    site.lat = build.lat;
    site.lon = build.lon;
    site.status = "to build";
    site.accelerator = build.accelerator;
    site.cards = unit.cards;
    EM_ASSIGN(const SourcedSpread building, building_price(facts_.costs));
    site.capital_euros = build.power_mw * 1e6 * building.spread.central;
    EM_TRY(add_unit(site, *card, unit, std::nullopt));
    trace_unit(site, *card, fleet_.model.units.back(),
               judged(fmt::format("{} MW over {:.0f} W a card and PUE {}", build.power_mw,
                                  watts->spread.central, pue)));
    fleet_.sites.push_back(std::move(site));
    return {};
}

void Maker::check_memory() {
    for (FleetSite& site : fleet_.sites) {
        if (!site.unit) continue;
        ModelUnit& unit = fleet_.model.units[*site.unit];
        const double cards = unit.cards * unit.share;
        unit.fits = fits(scenario_.target.parameters, cards, memory_[*site.unit]);
        if (unit.fits) continue;
        if (!(memory_[*site.unit] > 0)) {
            site.why_not = "the memory of its cards is not published";
            continue;
        }
        const double needed = needed_accelerators(scenario_.target.parameters, memory_[*site.unit]);
        site.why_not = fmt::format("a replica needs {:.0f} of its cards, the share gives {:.0f}", needed,
                                   std::floor(cards));
    }
}

// The card-weighted mean of the sites: what a card of the fleet shares its failures with.
void Maker::set_failure_domain() {
    double cards = 0, squares = 0;
    for (const ModelUnit& unit : fleet_.model.units) {
        const double own = unit.cards * unit.share;
        cards += own;
        squares += own * std::min(own, largest_failure_domain);
    }
    fleet_.model.access.accelerators = cards > 0 ? squares / cards : 1;
}

// The largest sites first, as long as one more adds to what all compute together.
void Maker::select() {
    PlanModel& model = fleet_.model;
    const std::vector<double> values = model.central();
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < fleet_.sites.size(); ++i)
        if (fleet_.sites[i].unit && model.units[*fleet_.sites[i].unit].fits) order.push_back(i);
    const auto rate = [&](std::size_t i) { return model.rate(model.units[*fleet_.sites[i].unit], values); };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rate(a) > rate(b); });
    std::vector<double> rates;
    for (const std::size_t i : order) rates.push_back(rate(i));
    const double given = scenario_.run.inner_steps;
    const auto limit = static_cast<std::size_t>(scenario_.fleet.most_sites);
    const Selection best = select_sites(model, rates, given, limit);
    RunShape shape = model.shape.shape;
    shape.inner_steps = best.inner_steps;
    model.shape = prepare(shape);
    if (given == 0)
        fleet_.trace.leaf({.id = "efficiency.inner_steps",
                           .label = "inner steps between exchanges",
                           .value = best.inner_steps,
                           .unit = "1",
                           .source = judged("chosen: most is computed with it, of 25 to 1,600")});
    for (std::size_t k = best.sites; k < order.size(); ++k) {
        FleetSite& site = fleet_.sites[order[k]];
        model.units[*site.unit].selected = false;
        site.why_not = limit != 0 && k >= limit ? fmt::format("the scenario takes {} sites at most", limit)
                                                : "one more site would cost the others more than it adds";
    }
}

Result<Fleet> Maker::make() {
    set_run();
    add_common();
    EM_ASSIGN(const std::vector<ChosenSystem> chosen, choose_systems(scenario_, facts_));
    if (chosen.size() + scenario_.builds.size() > max_units)
        return fail(Code::bad_input, "{}: {} sites; {} are the most", scenario_.file,
                    chosen.size() + scenario_.builds.size(), max_units);
    for (const ChosenSystem& system : chosen) EM_TRY(add_system(*system.system, system.asked_for));
    for (const Build& build : scenario_.builds) EM_TRY(add_build(build));
    set_failure_domain();
    check_memory();
    select();
    return std::move(fleet_);
}

}  // namespace

std::string figure_id(const FleetSite& site, std::string_view what) {
    return fmt::format("system.{}.{}", site.id, what);
}

Result<Fleet> make_fleet(const Scenario& scenario, const facts::FactSet& facts) {
    return Maker(scenario, facts).make();
}

}  // namespace euromesh::planner
