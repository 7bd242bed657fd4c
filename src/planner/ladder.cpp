#include "planner/ladder.hpp"

#include <fmt/format.h>

#include <cmath>

namespace euromesh::planner {
namespace {

constexpr double days_per_year = 365.25;

Result<Plan> plan_for(Scenario scenario, const facts::FactSet& facts, double flop) {
    EM_ASSIGN(scenario.target, target_of(fmt::format("{}", flop)));
    return make_plan(scenario, facts);
}

Rung rung_of(const Plan& plan) {
    Rung rung{plan.scenario.target.flop, plan.scenario.target.parameters, 0, plan.answer.days};
    for (const ModelUnit& unit : plan.fleet.model.units) rung.sites += unit.fits && unit.selected ? 1 : 0;
    return rung;
}

double frontier_on(const Frontier& frontier, double day) {
    return frontier.flop * std::pow(frontier.growth, day / days_per_year);
}

}  // namespace

Result<std::vector<Rung>> ladder(const Scenario& scenario, const facts::FactSet& facts,
                                 const std::vector<double>& targets) {
    std::vector<Rung> rungs;
    for (const double flop : targets) {
        EM_ASSIGN(const Plan plan, plan_for(scenario, facts, flop));
        rungs.push_back(rung_of(plan));
    }
    return rungs;
}

Result<Chase> chase(const Scenario& scenario, const facts::FactSet& facts, const Frontier& frontier) {
    EM_ASSIGN(Plan plan, plan_for(scenario, facts, frontier.flop));
    PlanModel& model = plan.fleet.model;
    model.target_flop = never;
    std::vector<Span> spans;
    model.evaluate(plan.central, {}, &spans);
    Chase result;
    for (double day = 1; day <= model.horizon_days && !result.caught_days; day += 1)
        if (flop_done_by(spans, day) >= frontier_on(frontier, day)) result.caught_days = day;
    const int years = static_cast<int>(model.horizon_days / days_per_year);
    for (int year = 1; year <= years; ++year) {
        const double day = year * days_per_year;
        result.years.push_back({frontier_on(frontier, day), flop_done_by(spans, day)});
    }
    return result;
}

}  // namespace euromesh::planner
