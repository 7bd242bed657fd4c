#include "planner/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "planner/plan_figures.hpp"

namespace euromesh::planner {
namespace {

constexpr double seconds_per_day = 86400;

// FLOP/s of all cards of all units, whether they take part or not.
double peak_of(const PlanModel& model) {
    double peak = 0;
    for (const ModelUnit& unit : model.units) peak += unit.share * unit.cards * unit.peak_flop_per_s;
    return peak;
}

std::vector<Step> steps_of(const Plan& plan) {
    const PlanModel& model = plan.fleet.model;
    const Arithmetic arithmetic;
    const double target = model.target_flop;
    const double plain = arithmetic.efficiency;
    const double peak = peak_of(model);
    const auto days = [&](const Stages& stages, double efficiency) {
        PlanModel open_ended = model;
        open_ended.horizon_days = 1e9;
        open_ended.target_flop = target / efficiency;
        return open_ended.evaluate(plan.central, stages).days;
    };
    Stages stages{false, false, false, false, false};
    std::vector<Step> steps;
    steps.push_back({"Arithmetic", arithmetic_days(target, plan.scenario.fleet.share),
                     "37 EFLOP/s, MFU 0.35, efficiency 0.73, the same share", "target"});
    steps.push_back({"The fleet's own peak",
                     peak > 0 ? target / (peak * arithmetic.mfu * plain * seconds_per_day) : never,
                     fmt::format("{:.1f} EFLOP/s x share of all systems chosen, whenever they come",
                                 peak / std::max(1e-9, plan.scenario.fleet.share) / 1e18),
                     "fleet.rate"});
    steps.push_back({"Each accelerator's MFU", days(stages, plain),
                     "over the whole job, restarts included, by accelerator", "fleet.rate"});
    stages.memory = true;
    steps.push_back({"Sites that can and help", days(stages, plain),
                     "a replica must fit, and a site must add more than it costs", "fleet.sites"});
    stages.availability = true;
    steps.push_back({"Queues, maintenance, failures", days(stages, plain),
                     "what is left of the calendar for computing", "availability.total"});
    stages.efficiency = true;
    steps.push_back(
        {"Exchange and convergence", days(stages, 1), "the model in place of 0.73", "efficiency.total"});
    stages.coordination = true;
    steps.push_back({"Until the first allocation", days(stages, 1),
                     "coordination until every site takes part", "coordination_days"});
    stages.events = true;
    steps.push_back(
        {"Systems come and go", days(stages, 1), "announced dates, slips, retirements", "answer.days"});
    return steps;
}

Gain gain_of(const Plan& plan, std::string label, const PlanModel& changed, const Stages& stages = {},
             const std::vector<double>* values = nullptr) {
    const double days = changed.evaluate(values != nullptr ? *values : plan.central, stages).days;
    if (days == never) return {std::move(label), 0};
    return {std::move(label), plan.answer.days - days};
}

std::vector<Gain> gains_of(const Plan& plan) {
    const PlanModel& model = plan.fleet.model;
    std::vector<Gain> gains;
    PlanModel twice = model;
    for (ModelUnit& unit : twice.units) unit.share = std::min(1.0, 2 * unit.share);
    gains.push_back(gain_of(plan, "twice the share", twice));
    gains.push_back(gain_of(plan, "allocations from the first day", model, {true, true, true, false, true}));
    PlanModel reserved = model;
    reserved.access.reserved = true;
    gains.push_back(gain_of(plan, "reserved in place of queued", reserved));
    gains.push_back(
        gain_of(plan, "a network and an optimiser without loss", model, {true, true, false, true, true}));
    gains.push_back(
        gain_of(plan, "every system there on the first day", model, {true, true, true, true, false}));
    std::vector<double> best_mfu = plan.central;
    for (std::size_t i = 0; i < model.inputs.size(); ++i)
        if (model.inputs[i].id.rfind("mfu.", 0) == 0) best_mfu[i] = model.inputs[i].spread.high;
    gains.push_back(gain_of(plan, "MFU as in the best published runs", model, {}, &best_mfu));
    std::erase_if(gains, [](const Gain& gain) { return !(gain.days > 0); });
    std::stable_sort(gains.begin(), gains.end(),
                     [](const Gain& a, const Gain& b) { return a.days > b.days; });
    return gains;
}

double quantile_of(std::vector<double>& values, double p) {
    const auto place = static_cast<std::size_t>(p * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place), values.end());
    return values[place];
}

}  // namespace

double arithmetic_days(double target_flop, double share, const Arithmetic& arithmetic) {
    return target_flop /
           (arithmetic.peak_flop_per_s * arithmetic.mfu * arithmetic.efficiency * share * seconds_per_day);
}

Result<Plan> make_plan(const Scenario& scenario, const facts::FactSet& facts) {
    EM_ASSIGN(Fleet fleet, make_fleet(scenario, facts));
    Plan plan{scenario, std::move(fleet), {}, {}, {}, {}, {}};
    plan.central = plan.fleet.model.central();
    plan.answer = plan.fleet.model.evaluate(plan.central, {}, &plan.spans);
    plan.steps = steps_of(plan);
    plan.gains = gains_of(plan);
    add_answer_figures(plan);
    return plan;
}

Result<PlanDoubt> doubt_of(const Plan& plan, unsigned threads) {
    EM_ASSIGN(Sampler sampler, Sampler::make(plan.fleet.model.inputs, plan.scenario.seed));
    const Model evaluate = [&](std::span<const double> values, std::span<double> outcome) {
        store(plan.fleet.model.evaluate(values), outcome);
    };
    const auto scenarios = static_cast<std::uint64_t>(plan.scenario.scenarios);
    Outcomes outcomes = run_monte_carlo(sampler, evaluate, outcome_count, scenarios, threads);
    return PlanDoubt{std::move(sampler), std::move(outcomes)};
}

void add_median(Plan& plan, const PlanDoubt& doubt) {
    const double median = doubt.outcomes.quantiles(0, std::vector<double>{0.5})[0];
    add_median_figure(plan, median);
    plan.steps.push_back({"More can go wrong than right", median,
                          fmt::format("the median of {} scenarios", doubt.outcomes.scenarios()),
                          "answer.median"});
}

std::vector<CurvePoint> curve_of(const Plan& plan, const Sampler& sampler, std::size_t points) {
    constexpr std::size_t sampled = 256;
    PlanModel endless = plan.fleet.model;
    endless.target_flop = never;
    const double last = std::min(endless.horizon_days, plan.steps.back().days * 1.5);
    std::vector<std::vector<Span>> walks(sampled);
    std::vector<double> rows(sampled * sampler.inputs());
    sampler.draw(0, rows);
    for (std::size_t i = 0; i < sampled; ++i)
        endless.evaluate(std::span(rows).subspan(i * sampler.inputs(), sampler.inputs()), {}, &walks[i]);
    std::vector<CurvePoint> curve;
    for (std::size_t k = 0; k <= points; ++k) {
        const double day = std::round(last * static_cast<double>(k) / static_cast<double>(points));
        std::vector<double> done;
        for (std::size_t i = 0; i < sampled; ++i) done.push_back(flop_done_by(walks[i], day));
        curve.push_back({plan.scenario.from + static_cast<std::int32_t>(day), quantile_of(done, 0.5),
                         quantile_of(done, 0.1), quantile_of(done, 0.9)});
    }
    return curve;
}

double flop_done_by(const std::vector<Span>& spans, double day) {
    double done = 0;
    for (const Span& span : spans) {
        const double length = std::min(span.to_day, day) - span.from_day;
        if (length <= 0) break;
        done += span.useful * (span.rate * length + span.slope * length * length / 2);
    }
    return done;
}

std::optional<facts::Date> date_after(const Plan& plan, double days) {
    if (!(days < never)) return std::nullopt;
    return plan.scenario.from + static_cast<std::int32_t>(std::ceil(days));
}

std::size_t weak_leaves(const Trace& trace) {
    std::size_t count = 0;
    for (const Figure& figure : trace.figures())
        if (figure.inputs.empty() && figure.grade == facts::Grade::c) ++count;
    return count;
}

}  // namespace euromesh::planner
