#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "apps/teller.hpp"
#include "planner/siting.hpp"

namespace euromesh::apps {
namespace {

struct ScoreArguments {
    PlanQuestion question;
    std::size_t most = 20;
};

Json known(const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json document_of(const std::vector<planner::SiteScore>& scores) {
    Json list = Json::array();
    for (const planner::SiteScore& score : scores) {
        Json terms = Json::array();
        for (const planner::ScoreTerm& term : score.terms)
            terms.push_back({{"name", term.name},
                             {"weight", term.weight},
                             {"value", known(term.value)},
                             {"normalised", known(term.normalised)},
                             {"points", known(term.points)}});
        list.push_back({{"id", score.id},
                        {"score", known(score.score)},
                        {"known_weight", score.known_weight},
                        {"terms", terms}});
    }
    return list;
}

std::string cell(const std::optional<double>& value) {
    return value ? fmt::format("{:.4g}", *value) : "unknown";
}

void print(const std::vector<planner::SiteScore>& scores, std::size_t most) {
    if (scores.empty()) {
        std::printf("No site of this scenario can compute.\n");
        return;
    }
    std::printf("%-26s %6s", "", "score");
    for (const planner::ScoreTerm& term : scores.front().terms)
        std::printf(" %14s", std::string(term.name).c_str());
    std::printf("\n%-26s %6s", "weight", "");
    for (const planner::ScoreTerm& term : scores.front().terms) std::printf(" %14.3g", term.weight);
    std::printf("\n");
    for (std::size_t i = 0; i < scores.size() && i < most; ++i) {
        const planner::SiteScore& score = scores[i];
        std::printf("%-26s %6s", score.id.c_str(), cell(score.score).c_str());
        for (const planner::ScoreTerm& term : score.terms) std::printf(" %14s", cell(term.value).c_str());
        std::printf("%s\n", score.known_weight < 1 - 1e-9
                                ? fmt::format("  on {:.0f} % of the weight", 100 * score.known_weight).c_str()
                                : "");
    }
    if (scores.size() > most) std::printf("%zu more; --most tells how many\n", scores.size() - most);
}

Status run(const ScoreArguments& arguments) {
    EM_ASSIGN(const facts::FactSet facts, facts_of(arguments.question));
    EM_ASSIGN(const planner::Scenario scenario, scenario_of(arguments.question, arguments.question.scenario));
    EM_ASSIGN(const planner::Fleet fleet, planner::make_fleet(scenario, facts));
    EM_ASSIGN(const auto scores,
              planner::score_sites(planner::candidates_of(fleet, facts), scenario.weights));
    if (arguments.question.json)
        print_json(document_of(scores));
    else
        print(scores, arguments.most);
    return {};
}

}  // namespace

void add_plan_score(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<ScoreArguments>();
    CLI::App* command = plan.add_subcommand("score", "which sites first, by the scenario's weights");
    command->add_option("scenario", arguments->question.scenario,
                        "a scenario file or name (default existing-fleet)");
    command->add_option("--most", arguments->most,
                        "sites to print (default 20; the last line says how many more)");
    add_question_options(*command, arguments->question);
    command->footer("Example: euromesh plan score ai-factories");
    command->callback([arguments, &context] { context.chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace euromesh::apps
