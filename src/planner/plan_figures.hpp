// The figures of a plan's answer: each with its formula, down to facts and assumptions.
#pragma once

namespace euromesh::planner {

struct Plan;

// Adds "fleet.*", "availability.*", "efficiency.*" and "answer.*" to the plan's trace.
void add_answer_figures(Plan& plan);

// "answer.median": days of the median scenario.
void add_median_figure(Plan& plan, double days);

}  // namespace euromesh::planner
