#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "apps/plan_report.hpp"
#include "apps/plan_text.hpp"
#include "apps/teller.hpp"

namespace euromesh::apps {
namespace {

struct RunArguments {
    PlanQuestion question;
    std::string figure;
    std::string report;
    bool explain = false;
    bool line = false;
};

Status explain_figure(const planner::Plan& plan, const std::string& id) {
    const planner::Trace& trace = plan.fleet.trace;
    if (trace.find(id) == nullptr)
        return fail(Code::not_found, "--figure '{}': no such figure in this plan; '--json' lists them",
                    id.substr(0, 60));
    std::fputs(planner::explain(trace, id).c_str(), stdout);
    return {};
}

Status explain(const planner::Plan& plan, const std::string& figure) {
    if (!figure.empty()) return explain_figure(plan, figure);
    for (const char* id : {"answer.median", "answer.energy", "answer.carbon", "answer.cost"}) {
        if (plan.fleet.trace.find(id) == nullptr) continue;
        EM_TRY(explain_figure(plan, id));
        std::fputs("\n", stdout);
    }
    return {};
}

Status run(const RunArguments& arguments, const Context& context) {
    EM_ASSIGN(const facts::FactSet facts, facts_of(arguments.question));
    EM_ASSIGN(const planner::Scenario scenario, scenario_of(arguments.question, arguments.question.scenario));
    EM_ASSIGN(planner::Plan plan, planner::make_plan(scenario, facts));
    EM_ASSIGN(const planner::PlanDoubt doubt, planner::doubt_of(plan, arguments.question.threads));
    planner::add_median(plan, doubt);
    if (arguments.explain || !arguments.figure.empty()) return explain(plan, arguments.figure);
    if (arguments.question.json || !arguments.report.empty()) {
        EM_ASSIGN(const Json document, plan_document(plan, doubt, facts, context.clock));
        if (!arguments.report.empty()) EM_TRY(write_plan_report(document, arguments.report));
        if (arguments.question.json) {
            print_json(document);
            return {};
        }
    }
    if (arguments.line)
        std::printf("%s\n", headline_of(plan, &doubt).c_str());
    else
        std::fputs(plan_in_words(plan, &doubt).c_str(), stdout);
    if (!arguments.report.empty()) std::printf("Report: %s\n", arguments.report.c_str());
    return {};
}

}  // namespace

void add_plan_run(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<RunArguments>();
    CLI::App* command = plan.add_subcommand("run", "when, at what cost and carbon, and with what odds");
    command->add_option(
        "scenario", arguments->question.scenario,
        "a scenario file, or a name that 'euromesh plan scenarios' lists (default existing-fleet)");
    add_question_options(*command, arguments->question);
    add_doubt_options(*command, arguments->question);
    command->add_flag("--explain", arguments->explain, "formula, inputs, sources and grade of the answer");
    command->add_option("--figure", arguments->figure,
                        "explain this figure only, such as system.lumi-g.rate");
    command->add_option("--report", arguments->report, "write one HTML file that works offline");
    command->add_flag("--line", arguments->line, "only the headline");
    command->footer(
        "Example: euromesh plan run existing-fleet --target llama-405b --share 25% --report plan.html");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return run(*arguments, context); };
    });
}

}  // namespace euromesh::apps
