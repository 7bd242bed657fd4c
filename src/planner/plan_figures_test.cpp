#include "planner/plan_figures.hpp"

#include <doctest/doctest.h>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("the answer's figures are the answer's numbers, and rest on estimates") {
    const Plan plan = plan_like("existing-fleet");
    const Trace& trace = plan.fleet.trace;
    CHECK(trace.find("answer.days")->value == plan.answer.days);
    CHECK(trace.find("answer.energy")->value == plan.answer.kwh);
    CHECK(trace.find("answer.cost")->value == plan.answer.euros);
    CHECK(trace.find("answer.days")->grade == facts::Grade::c);
    double sum = 0;
    for (const std::string& id : trace.find("fleet.rate")->inputs) sum += trace.find(id)->value;
    CHECK(trace.find("fleet.rate")->value == doctest::Approx(sum));
}

TEST_CASE("rate, availability, efficiency and the wait give the days") {
    const Plan plan = plan_like("existing-fleet");
    const Trace& trace = plan.fleet.trace;
    const double useful = trace.find("fleet.rate")->value * trace.find("availability.total")->value *
                          trace.find("efficiency.total")->value * 86400;
    const double days = trace.find("coordination_days")->value + trace.find("target")->value / useful;
    CHECK(plan.answer.days == doctest::Approx(days).epsilon(0.002));
}

TEST_CASE("a scenario's own efficiency is said to be that") {
    const Plan plan = plan_like("existing-fleet", "[run]\nefficiency = 0.5\n");
    CHECK(plan.fleet.trace.find("efficiency.total")->value == 0.5);
    CHECK(plan.fleet.trace.find("efficiency.total")->inputs.empty());
}
