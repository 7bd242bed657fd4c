// Scenarios as people write them, including our own ones and themselves.
#include "planner/scenario.hpp"

#include "fuzz/input.hpp"
#include "planner/embedded_scenarios.hpp"

namespace euromesh::fuzz {
namespace {

bool is_ordered(const planner::Spread& spread) {
    return spread.low <= spread.central && spread.central <= spread.high;
}

void check(const planner::Scenario& scenario) {
    EM_ASSERT(scenario.target.flop > 0, "a target is some work");
    for (const planner::Build& build : scenario.builds)
        EM_ASSERT(build.grid.empty() ? is_ordered(build.years) : true, "years are in order");
    EM_ASSERT(is_ordered(scenario.run.wan_gbps) && is_ordered(scenario.access.chained),
              "ranges are in order");
}

}  // namespace

void try_input(Input input) {
    const planner::ScenarioText own{"own.toml", std::string(input.text())};
    const planner::FindScenario find = [&](std::string_view name,
                                           std::string_view) -> Result<planner::ScenarioText> {
        if (name == own.label) return own;
        EM_ASSIGN(const facts::EmbeddedFile file, planner::embedded_scenario(name));
        return planner::ScenarioText{std::string(file.name), std::string(file.text)};
    };
    if (const auto scenario = planner::read_scenario(own, find)) check(*scenario);
}

}  // namespace euromesh::fuzz
