// A plan in words, for a terminal.
#pragma once

#include <string>

#include "planner/plan.hpp"

namespace euromesh::apps {

// One line: "Existing fleet, 10 % share: 405b by 4 June 2028 (5 % to 95 %: ...)."
std::string headline_of(const planner::Plan& plan, const planner::PlanDoubt* doubt);

// The whole answer: date, odds, cost, energy, carbon, the steps, what to relax first, the sites.
std::string plan_in_words(const planner::Plan& plan, const planner::PlanDoubt* doubt);

// "1.97e25 FLOP" and so on, short.
std::string flop_in_words(double flop);
// "41.3 EFLOP/s"
std::string rate_in_words(double flop_per_s);
// "12.4 million EUR", "23.2 GWh" (unit "Wh")
std::string amount_in_words(double value, const char* unit);

}  // namespace euromesh::apps
