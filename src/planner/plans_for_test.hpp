// Scenarios and facts that the planner's tests share.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "planner/embedded_scenarios.hpp"
#include "planner/plan.hpp"

namespace euromesh::planner {

inline const facts::FactSet& built_in_facts() {
    static const facts::FactSet facts = facts::load_facts(facts::FactFiles::built_in()).value();
    return facts;
}

inline Result<ScenarioText> find_built_in(std::string_view name, std::string_view) {
    EM_ASSIGN(const facts::EmbeddedFile file, embedded_scenario(name));
    return ScenarioText{std::string(file.name), std::string(file.text)};
}

inline Result<Scenario> read_text(std::string text) {
    return read_scenario({"test.toml", std::move(text)}, find_built_in);
}

// A scenario that travels in the program, with what `changes` says differently.
inline Scenario scenario_like(const std::string& name, const std::string& changes = "") {
    const Result<Scenario> scenario = read_text("include = \"" + name + "\"\n" + changes);
    if (!scenario) FAIL(scenario.error().message);
    return *scenario;
}

inline Plan plan_like(const std::string& name, const std::string& changes = "") {
    Result<Plan> plan = make_plan(scenario_like(name, changes), built_in_facts());
    if (!plan) FAIL(plan.error().message);
    return *std::move(plan);
}

}  // namespace euromesh::planner
