// The subcommands of `euromesh plan`, one cmd_plan_*.cpp each; cmd_plan.cpp makes the group and calls these.
#pragma once

#include "apps/command.hpp"

namespace euromesh::apps {

void add_plan_headline(CLI::App& plan, Context& context);
void add_plan_run(CLI::App& plan, Context& context);
void add_plan_compare(CLI::App& plan, Context& context);
void add_plan_score(CLI::App& plan, Context& context);
void add_plan_tornado(CLI::App& plan, Context& context);
void add_plan_sobol(CLI::App& plan, Context& context);
void add_plan_flip(CLI::App& plan, Context& context);
void add_plan_concentration(CLI::App& plan, Context& context);
void add_plan_ladder(CLI::App& plan, Context& context);
void add_plan_backtest(CLI::App& plan, Context& context);

}  // namespace euromesh::apps
