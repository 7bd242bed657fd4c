#include "planner/plan_figures.hpp"

#include "planner/measured_efficiency.hpp"
#include "planner/plan.hpp"

namespace euromesh::planner {
namespace {

const std::string& input_id(const Plan& plan, InputIndex index) {
    return plan.fleet.model.inputs[static_cast<std::size_t>(index)].id;
}

double input_value(const Plan& plan, InputIndex index, double otherwise) {
    return index == no_input ? otherwise : plan.central[static_cast<std::size_t>(index)];
}

bool is_used(const Plan& plan, const FleetSite& site) {
    if (!site.unit) return false;
    const ModelUnit& unit = plan.fleet.model.units[*site.unit];
    return unit.fits && unit.selected;
}

struct Sum {
    double rate = 0;
    double sites = 0;
    std::vector<std::string> rates;
    std::vector<std::string> dates;
};

Sum sum_of(const Plan& plan) {
    Sum sum;
    for (const FleetSite& site : plan.fleet.sites) {
        if (!is_used(plan, site)) continue;
        const ModelUnit& unit = plan.fleet.model.units[*site.unit];
        sum.rate += plan.fleet.model.rate(unit, plan.central);
        sum.sites += 1;
        sum.rates.push_back(figure_id(site, "rate"));
        if (unit.online_day != no_input) sum.dates.push_back(input_id(plan, unit.online_day));
    }
    return sum;
}

void add_fleet(Plan& plan, const Sum& sum) {
    Trace& trace = plan.fleet.trace;
    trace.derive({.id = "fleet.rate",
                  .label = "what all sites that take part compute",
                  .value = sum.rate,
                  .unit = "FLOP/s",
                  .formula = "sum over the sites; each from the day it is there",
                  .inputs = sum.rates});
    trace.derive({.id = "fleet.sites",
                  .label = "sites that take part",
                  .value = sum.sites,
                  .unit = "1",
                  .formula = "largest first, while a replica fits and one more adds to the whole",
                  .inputs = sum.rates});
}

void add_availability(Plan& plan) {
    const PlanModel& model = plan.fleet.model;
    AvailabilityInputs inputs = model.access;
    inputs.wall_time_h = input_value(plan, model.common.wall_time_h, inputs.wall_time_h);
    inputs.queue_h = input_value(plan, model.common.queue_h, inputs.queue_h);
    inputs.chained = input_value(plan, model.common.chained, inputs.chained);
    inputs.maintenance_fraction = input_value(plan, model.common.maintenance, inputs.maintenance_fraction);
    describe_availability(plan.fleet.trace, inputs);
}

void add_efficiency(Plan& plan, const Sum& sum) {
    Trace& trace = plan.fleet.trace;
    const PlanModel& model = plan.fleet.model;
    if (model.fixed_efficiency > 0) {
        trace.leaf({.id = "efficiency.total",
                    .label = "share of the compute that is progress",
                    .value = model.fixed_efficiency,
                    .unit = "1",
                    .source = {"the scenario: " + plan.scenario.file, "", "", facts::Grade::c},
                    .note = "given by the scenario in place of the model"});
        return;
    }
    const double available = model.availability(plan.central, {});
    const double gbps = input_value(plan, model.common.wan_gbps, 10);
    const double round_trip_ms = input_value(plan, model.common.round_trip_ms, 0);
    trace.derive({.id = "efficiency.flop_per_s",
                  .label = "what all sites together compute, on average",
                  .value = sum.rate * available,
                  .unit = "FLOP/s",
                  .formula = "fleet.rate x availability",
                  .inputs = {"fleet.rate", "availability.total"}});
    trace.derive({.id = "efficiency.sites",
                  .label = "sites",
                  .value = sum.sites,
                  .unit = "1",
                  .formula = "those that take part",
                  .inputs = {"fleet.sites"}});
    trace.derive({.id = "efficiency.wan",
                  .label = "usable line of one site",
                  .value = gbps * 1e9 / 8,
                  .unit = "bytes/s",
                  .formula = "Gbit/s x 1e9 / 8",
                  .inputs = {input_id(plan, model.common.wan_gbps)}});
    trace.derive({.id = "efficiency.round_trip",
                  .label = "round trip between sites",
                  .value = round_trip_ms * 1e-3,
                  .unit = "s",
                  .formula = "ms / 1000",
                  .inputs = {input_id(plan, model.common.round_trip_ms)}});
    const Conditions conditions{gbps * 1e9 / 8, round_trip_ms * 1e-3,
                                input_value(plan, model.common.straggler, 0),
                                input_value(plan, model.common.penalty, 0)};
    if (model.measured)
        describe_measured_efficiency(trace, *model.measured, plan.scenario.run.codec, model.shape.shape,
                                     conditions, sum.sites, sum.rate * available);
    else
        describe_efficiency(trace, model.shape.shape, conditions, sum.sites, sum.rate * available);
}

void add_answer(Plan& plan, const Sum& sum) {
    Trace& trace = plan.fleet.trace;
    std::vector<std::string> inputs = {"target", "fleet.rate", "availability.total", "efficiency.total",
                                       "coordination_days"};
    inputs.insert(inputs.end(), sum.dates.begin(), sum.dates.end());
    trace.derive({.id = "answer.days",
                  .label = "days from the first one until the target is reached",
                  .value = plan.answer.days < never ? plan.answer.days : -1,
                  .unit = "days",
                  .formula = "first day on which 86,400 s x the sum of rate x availability x efficiency "
                             "since the first allocation is the target",
                  .inputs = inputs,
                  .note = plan.answer.days < never ? "" : "-1: not within the horizon"});
}

struct Consumption {
    const char* id;
    const char* label;
    double value;
    const char* unit;
    const char* formula;
    std::vector<std::string> inputs;
};

void add_consumption(Plan& plan) {
    const CommonInputs& common = plan.fleet.model.common;
    std::vector<std::string> prices;
    for (const UncertainInput& input : plan.fleet.model.inputs)
        if (input.id.rfind("hour_price.", 0) == 0) prices.push_back(input.id);
    prices.insert(prices.begin(), "answer.hours");
    const std::vector<Consumption> list = {
        {"answer.hours",
         "accelerator-hours",
         plan.answer.accelerator_hours,
         "h",
         "24 h x days x availability x share x cards, over the sites",
         {"answer.days", "fleet.sites"}},
        {"answer.energy",
         "energy",
         plan.answer.kwh,
         "kWh",
         "hours x watts x PUE, over the sites; watts: power under HPL over the cards, or TDP x 1.25",
         {"answer.hours", input_id(plan, common.power), input_id(plan, common.pue)}},
        {"answer.electricity",
         "electricity, part of the cost",
         plan.answer.electricity_euros,
         "EUR",
         "kWh x each country's price",
         {"answer.energy", input_id(plan, common.electricity), "energy.price"}},
        {"answer.carbon",
         "emissions",
         plan.answer.grams_co2e,
         "gCO2e",
         "kWh x each country's grid, annual mean",
         {"answer.energy", input_id(plan, common.carbon), "energy.carbon"}},
        {"answer.cost", "cost at market price", plan.answer.euros, "EUR",
         "hours x price of an hour of the class", prices},
    };
    for (const Consumption& row : list)
        plan.fleet.trace.derive({.id = row.id,
                                 .label = row.label,
                                 .value = row.value,
                                 .unit = row.unit,
                                 .formula = row.formula,
                                 .inputs = row.inputs});
}

void add_energy_facts(Plan& plan) {
    const facts::Source source = {"data/energy.csv, a row a country ('euromesh facts show DE')", "",
                                  "2026-11-21", facts::Grade::b};
    double carbon = 0, price = 0, rate = 0;
    for (const FleetSite& site : plan.fleet.sites) {
        if (!is_used(plan, site)) continue;
        const ModelUnit& unit = plan.fleet.model.units[*site.unit];
        const double weight = plan.fleet.model.rate(unit, plan.central);
        rate += weight;
        carbon += weight * unit.carbon_g_per_kwh;
        price += weight * unit.price_eur_per_kwh;
    }
    plan.fleet.trace.leaf({.id = "energy.carbon",
                           .label = "carbon of the sites' grids, mean by rate",
                           .value = rate > 0 ? carbon / rate : 0,
                           .unit = "gCO2e/kWh",
                           .source = source});
    plan.fleet.trace.leaf({.id = "energy.price",
                           .label = "price of electricity, mean by rate",
                           .value = rate > 0 ? price / rate : 0,
                           .unit = "EUR/kWh",
                           .source = source,
                           .note = "countries without a published price take the EU's"});
}

}  // namespace

void add_median_figure(Plan& plan, double days) {
    Trace& trace = plan.fleet.trace;
    if (trace.find("answer.days") == nullptr) return;
    trace.derive({.id = "answer.median",
                  .label = "days that half of all scenarios do not exceed",
                  .value = days < never ? days : -1,
                  .unit = "days",
                  .formula = "median of answer.days over scenarios that draw every input from its range",
                  .inputs = {"answer.days"},
                  .note = "later than with central values where ranges reach further up than down"});
}

void add_answer_figures(Plan& plan) {
    const Sum sum = sum_of(plan);
    if (!(sum.rate * plan.fleet.model.availability(plan.central, {}) > 0)) return;
    add_fleet(plan, sum);
    add_availability(plan);
    add_efficiency(plan, sum);
    add_answer(plan, sum);
    add_energy_facts(plan);
    add_consumption(plan);
}

}  // namespace euromesh::planner
