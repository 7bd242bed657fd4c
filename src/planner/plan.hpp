// The answer to a planning question, and why it is that one.
//
// make_plan() runs the passes over the central values: fleet, model, the steps from plain arithmetic to the
// full model, and what each constraint costs. doubt_of() runs the Monte Carlo. Every figure that is stated
// stands in fleet.trace with all that it rests on. Pure but for the threads of doubt_of().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planner/fleet.hpp"
#include "planner/monte_carlo.hpp"
#include "planner/scenario.hpp"

namespace euromesh::planner {

// The plainest estimate of the existing fleet's capacity, against which the model explains itself: 37 EFLOP/s
// of EuroHPC capacity, MFU 0.35, efficiency 0.73.
struct Arithmetic {
    double peak_flop_per_s = 37e18;
    double mfu = 0.35;
    double efficiency = 0.73;
};
// target / (peak x MFU x efficiency x share), in days.
double arithmetic_days(double target_flop, double share, const Arithmetic& arithmetic = {});

// days: after this step. The first step is the arithmetic, the last one the plan's answer.
struct Step {
    std::string label;
    double days = never;
    std::string why;
    std::string figure;
};

// What the plan would win without one of its constraints.
struct Gain {
    std::string label;
    double days = 0;  // earlier by; +inf when only this makes the target reachable
};

struct CurvePoint {
    facts::Date date;
    double flop = 0;  // useful, since the first day: median
    double p10 = 0;
    double p90 = 0;
};

struct Plan {
    Scenario scenario;
    Fleet fleet;
    std::vector<double> central;
    PlanOutcome answer;
    std::vector<Span> spans;
    std::vector<Step> steps;
    std::vector<Gain> gains;  // largest first
};

struct PlanDoubt {
    Sampler sampler;
    Outcomes outcomes;  // outcome_count each, in the order of store()
};

Result<Plan> make_plan(const Scenario& scenario, const facts::FactSet& facts);

// scenario.scenarios of them. threads 0: all cores.
Result<PlanDoubt> doubt_of(const Plan& plan, unsigned threads = 0);

// What follows from the doubt: the step from the central answer to the median, and the figure
// "answer.median". Once a plan.
void add_median(Plan& plan, const PlanDoubt& doubt);

// The curve and its band, from a few hundred scenarios.
std::vector<CurvePoint> curve_of(const Plan& plan, const Sampler& sampler, std::size_t points);

// Useful FLOP that a walk has done by `day`.
double flop_done_by(const std::vector<Span>& spans, double day);

// The day on which `days` after the first are over; nullopt: never.
std::optional<facts::Date> date_after(const Plan& plan, double days);

// Whether a leaf of grade C goes into the answer: nearly always, and then it has to be said.
std::size_t weak_leaves(const Trace& trace);

}  // namespace euromesh::planner
