// What the subcommands of `plan` have in common: a scenario, what the command line changes in it, the facts.
#pragma once

#include <string>

#include "apps/command.hpp"
#include "facts/fact_set.hpp"
#include "planner/plan.hpp"

namespace euromesh::apps {

struct PlanQuestion {
    std::string scenario = "existing-fleet";
    std::string target = {};
    std::string share = {};
    std::string from = {};
    std::vector<std::string> countries = {};
    std::string data = {};
    std::string measured = {};
    std::int64_t scenarios = 0;  // 0: as the scenario says
    std::int64_t seed = -1;
    unsigned threads = 0;
    bool json = false;
};

// --target, --share, --from, --measured, --data, --json.
void add_question_options(CLI::App& command, PlanQuestion& question);
// --scenarios, --seed, --threads: of what draws scenarios.
void add_doubt_options(CLI::App& command, PlanQuestion& question);

// "0.1" or "10%".
Result<double> share_of(const std::string& text);

Result<facts::FactSet> facts_of(const PlanQuestion& question);

// `name`: a file, or one of the scenarios in the program. The command line's changes are made.
Result<planner::Scenario> scenario_of(const PlanQuestion& question, const std::string& name);

// The planner's way to find an included file: next to the one that includes it, or in the program.
Result<planner::ScenarioText> find_scenario(std::string_view name, std::string_view from);

// "12 March 2027"; "never" for nullopt.
std::string in_words(const std::optional<facts::Date>& date);

}  // namespace euromesh::apps
