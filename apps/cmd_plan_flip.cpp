#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "apps/plan_text.hpp"
#include "apps/teller.hpp"
#include "planner/comparison.hpp"

namespace euromesh::apps {
namespace {

struct FlipArguments {
    PlanQuestion question;
    std::string a;
    std::string b;
    bool all = false;
};

Json document_of(const std::vector<planner::Flip>& flips, double gap) {
    Json list = Json::array();
    for (const planner::Flip& flip : flips) {
        Json row = {{"input", flip.id},        {"label", flip.label},    {"unit", flip.unit},
                    {"central", flip.central}, {"low", flip.spread.low}, {"high", flip.spread.high},
                    {"within", flip.within}};
        row["tie"] = flip.tie ? Json(*flip.tie) : Json(nullptr);
        list.push_back(std::move(row));
    }
    return {{"gap_days", std::isfinite(gap) ? Json(gap) : Json(nullptr)}, {"flips", list}};
}

void print(const std::vector<planner::Flip>& flips, const planner::Plan& a, const planner::Plan& b,
           bool all) {
    std::printf(
        "First:  %s\nSecond: %s\nWhat would have to be true for the two to tie, all else central:\n\n",
        headline_of(a, nullptr).c_str(), headline_of(b, nullptr).c_str());
    std::printf("%-52s %10s %10s  %s\n", "", "now", "tie at", "");
    std::size_t untold = 0;
    for (const planner::Flip& flip : flips) {
        if (!flip.tie && !all) {
            ++untold;
            continue;
        }
        std::printf("%-52s %10.4g %10s  %s\n", flip.label.c_str(), flip.central,
                    flip.tie ? fmt::format("{:.4g}", *flip.tie).c_str() : "never",
                    !flip.tie                                   ? ""
                    : flip.id == "share" || flip.id == "target" ? "a choice"
                    : flip.within
                        ? "within what is thought possible"
                        : fmt::format("outside {:.4g} to {:.4g}", flip.spread.low, flip.spread.high).c_str());
    }
    if (untold > 0) std::printf("\n%zu inputs cannot turn it round alone; --all lists them.\n", untold);
}

Status run(const FlipArguments& arguments) {
    EM_ASSIGN(const facts::FactSet facts, facts_of(arguments.question));
    EM_ASSIGN(const planner::Scenario first, scenario_of(arguments.question, arguments.a));
    EM_ASSIGN(const planner::Scenario second, scenario_of(arguments.question, arguments.b));
    EM_ASSIGN(const planner::Plan a, planner::make_plan(first, facts));
    EM_ASSIGN(const planner::Plan b, planner::make_plan(second, facts));
    EM_ASSIGN(const std::vector<planner::Flip> flips, planner::flips(a, b, facts));
    if (arguments.question.json)
        print_json(document_of(flips, b.answer.days - a.answer.days));
    else
        print(flips, a, b, arguments.all);
    return {};
}

}  // namespace

void add_plan_flip(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<FlipArguments>();
    CLI::App* command =
        plan.add_subcommand("flip", "what would have to be true for the other scenario to be first");
    command->add_option("first", arguments->a, "a scenario file or name")->required();
    command->add_option("second", arguments->b, "a scenario file or name")->required();
    command->add_flag("--all", arguments->all, "also the inputs that cannot turn it round");
    add_question_options(*command, arguments->question);
    command->footer("Example: euromesh plan flip existing-fleet campus-on-site --share 2.5%");
    command->callback([arguments, &context] { context.chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace euromesh::apps
