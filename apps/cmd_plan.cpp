#include <cstdio>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "planner/embedded_scenarios.hpp"

namespace euromesh::apps {
namespace {

Status list_scenarios() {
    for (const facts::EmbeddedFile& file : planner::embedded_scenarios()) {
        const std::string_view name = file.name.substr(0, file.name.rfind(".toml"));
        if (name.rfind("published-", 0) == 0) {
            std::printf("%-22s for 'plan headline': parameters of the published analysis\n",
                        std::string(name).c_str());
            continue;
        }
        EM_ASSIGN(const planner::Scenario scenario, scenario_of({}, std::string(name)));
        std::printf("%-22s %s\n", std::string(name).c_str(), scenario.about.c_str());
    }
    return {};
}

}  // namespace

void add_plan(CLI::App& root, Context& context) {
    CLI::App* plan = root.add_subcommand(
        "plan", "when a model can be trained on what exists and what is coming, at what cost and carbon");
    plan->require_subcommand(1);
    plan->footer("Example: euromesh plan run existing-fleet --target 405b --share 10%");
    add_plan_headline(*plan, context);
    add_plan_run(*plan, context);
    add_plan_compare(*plan, context);
    add_plan_tornado(*plan, context);
    add_plan_sobol(*plan, context);
    add_plan_flip(*plan, context);
    add_plan_score(*plan, context);
    add_plan_concentration(*plan, context);
    add_plan_ladder(*plan, context);
    add_plan_backtest(*plan, context);
    CLI::App* scenarios = plan->add_subcommand("scenarios", "the scenarios that travel in the program");
    scenarios->footer("Example: euromesh plan scenarios");
    scenarios->callback([&context] { context.chosen = list_scenarios; });
}

}  // namespace euromesh::apps
