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

double days_for(const Plan& plan, double flop) {
    PlanModel model = plan.fleet.model;
    model.target_flop = flop;
    return model.evaluate(plan.central).days;
}

// First day on which the sum that the fleet has done reaches the frontier of that day.
std::optional<double> day_of_catching(const Plan& plan, const Frontier& frontier) {
    const double horizon = plan.fleet.model.horizon_days;
    for (double day = 1; day <= horizon; day += 1) {
        const double wanted = frontier.flop * std::pow(frontier.growth, day / days_per_year);
        if (days_for(plan, wanted) <= day) return day;
    }
    return std::nullopt;
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
    EM_ASSIGN(const Plan plan, plan_for(scenario, facts, frontier.flop));
    Chase result;
    result.caught_days = day_of_catching(plan, frontier);
    const int years = static_cast<int>(plan.fleet.model.horizon_days / days_per_year);
    for (int year = 0; year <= years; ++year) {
        Rung rung = rung_of(plan);
        rung.flop = frontier.flop * std::pow(frontier.growth, year);
        rung.days = days_for(plan, rung.flop);
        result.by_year.push_back(rung);
    }
    return result;
}

}  // namespace euromesh::planner
