#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "apps/plan_text.hpp"
#include "apps/teller.hpp"
#include "planner/sensitivity.hpp"

namespace euromesh::apps {
namespace {

struct TornadoArguments {
    PlanQuestion question;
    std::size_t most = 20;
};

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

std::string days(double value) {
    return std::isfinite(value) ? fmt::format("{:.0f}", value) : "never";
}

Json document_of(const planner::Tornado& tornado, const planner::Sampler& sampler) {
    Json bars = Json::array();
    for (const planner::TornadoBar& bar : tornado.bars) {
        const planner::UncertainInput& input = sampler.input_list()[bar.input];
        bars.push_back({{"input", input.id},
                        {"label", input.label},
                        {"unit", input.unit},
                        {"low", bar.input_low},
                        {"high", bar.input_high},
                        {"days_at_low", number(bar.at_low)},
                        {"days_at_high", number(bar.at_high)}});
    }
    return {{"central_days", number(tornado.central)}, {"bars", bars}};
}

void print(const planner::Tornado& tornado, const planner::Sampler& sampler, std::size_t most) {
    std::printf(
        "Days until the target, one input at its 10 %% and its 90 %% value, all others central (%s)\n",
        days(tornado.central).c_str());
    if (tornado.bars.empty() || !(tornado.bars.front().swing > 0)) std::printf("No input moves it.\n");
    double widest = 0;
    for (const planner::TornadoBar& bar : tornado.bars)
        if (std::isfinite(bar.swing)) widest = std::max(widest, bar.swing);
    std::size_t told = 0;
    for (const planner::TornadoBar& bar : tornado.bars) {
        if (!(bar.swing > 0.05) || told++ == most) break;
        const planner::UncertainInput& input = sampler.input_list()[bar.input];
        const double length = std::isfinite(bar.swing) && widest > 0 ? bar.swing / widest : 1;
        std::printf("%-52s %8.4g to %-8.4g %6s to %-6s %s\n", input.label.c_str(), bar.input_low,
                    bar.input_high, days(bar.at_low).c_str(), days(bar.at_high).c_str(),
                    std::string(static_cast<std::size_t>(std::ceil(length * 24)), '#').c_str());
    }
}

Status run(const TornadoArguments& arguments) {
    EM_ASSIGN(const facts::FactSet facts, facts_of(arguments.question));
    EM_ASSIGN(const planner::Scenario scenario, scenario_of(arguments.question, arguments.question.scenario));
    EM_ASSIGN(const planner::Plan plan, planner::make_plan(scenario, facts));
    EM_ASSIGN(const planner::Sampler sampler,
              planner::Sampler::make(plan.fleet.model.inputs, plan.scenario.seed));
    const planner::Tornado tornado = planner::tornado(
        sampler, [&](std::span<const double> values) { return plan.fleet.model.evaluate(values).days; });
    if (arguments.question.json)
        print_json(document_of(tornado, sampler));
    else
        print(tornado, sampler, arguments.most);
    return {};
}

}  // namespace

void add_plan_tornado(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<TornadoArguments>();
    CLI::App* command = plan.add_subcommand("tornado", "which single input moves the date, and by how much");
    command->add_option("scenario", arguments->question.scenario,
                        "a scenario file or name (default existing-fleet)");
    command->add_option("--most", arguments->most, "bars to print (default 20)");
    add_question_options(*command, arguments->question);
    command->footer("Example: euromesh plan tornado ai-factories --target llama-405b");
    command->callback([arguments, &context] { context.chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace euromesh::apps
