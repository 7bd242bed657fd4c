#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_headline_text.hpp"
#include "apps/plan_question.hpp"
#include "apps/teller.hpp"
#include "planner/headline_file.hpp"

namespace euromesh::apps {
namespace {

struct HeadlineArguments {
    std::string scenario;
    bool json = false;
    bool explain = false;
};

HeadlineRow row_of(const planner::HeadlineParameters& parameters, const facts::Source& source) {
    HeadlineRow row{parameters, planner::run_headline(parameters), {}};
    row.trace = planner::trace_headline(parameters, row.result, source);
    return row;
}

Result<HeadlineAnswer> answer_to(const std::string& scenario) {
    EM_ASSIGN(const std::vector<planner::HeadlineParameters> published, planner::published_headlines());
    HeadlineAnswer answer;
    planner::HeadlineParameters checked = published[1];
    if (scenario.empty()) {
        for (const planner::HeadlineParameters& parameters : published)
            answer.rows.push_back(row_of(parameters, planner::published_headline_source()));
    } else {
        EM_ASSIGN(const planner::ScenarioText file, find_scenario(scenario, ""));
        if (planner::read_scenario(file, find_scenario))
            return fail(Code::bad_input, "{}: a scenario of machines: 'euromesh plan run {}' answers it",
                        file.label, scenario);
        EM_ASSIGN(checked, planner::read_headline(file.text, file.label));
        answer.rows.push_back(row_of(checked, {file.label, "", "", facts::Grade::c}));
    }
    answer.checked = checked.name;
    answer.published = scenario.empty();
    answer.checks = planner::check_headline(checked, published[0], published[2]);
    return answer;
}

Status headline(const HeadlineArguments& arguments) {
    EM_ASSIGN(const HeadlineAnswer answer, answer_to(arguments.scenario));
    if (arguments.json)
        print_json(to_json(answer));
    else
        std::fputs((arguments.explain ? explained(answer) : in_words(answer)).c_str(), stdout);
    return {};
}

}  // namespace

void add_plan_headline(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<HeadlineArguments>();
    CLI::App* command =
        plan.add_subcommand("headline", "the published EuroMesh table, and what checking it shows");
    command->add_option("--scenario", arguments->scenario,
                        "one case only: a parameter file of your own, or published-baseline");
    command->add_flag("--explain", arguments->explain, "formulas with their values, down to the parameters");
    command->add_flag("--json", arguments->json, "tell the result as JSON, with monthly series and figures");
    command->footer("Example: euromesh plan headline --explain");
    command->callback(
        [arguments, &context] { context.chosen = [arguments] { return headline(*arguments); }; });
}

}  // namespace euromesh::apps
