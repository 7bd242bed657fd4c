#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "apps/plan_text.hpp"
#include "apps/teller.hpp"
#include "planner/ladder.hpp"

namespace euromesh::apps {
namespace {

using planner::Rung;

struct LadderArguments {
    PlanQuestion question;
    planner::Frontier frontier;
};

std::optional<facts::Date> date_of(const planner::Scenario& scenario, double days) {
    if (!(days < planner::never)) return std::nullopt;
    return scenario.from + static_cast<std::int32_t>(std::ceil(days));
}

Json document_of(const planner::Scenario& scenario, const std::vector<Rung>& rungs) {
    Json list = Json::array();
    for (const Rung& rung : rungs) {
        const auto date = date_of(scenario, rung.days);
        list.push_back({{"flop", rung.flop},
                        {"parameters", rung.parameters},
                        {"sites", rung.sites},
                        {"days", std::isfinite(rung.days) ? Json(rung.days) : Json(nullptr)},
                        {"date", date ? Json(facts::to_iso(*date)) : Json(nullptr)}});
    }
    return list;
}

std::string parameters_in_words(double parameters) {
    if (parameters >= 1e12) return fmt::format("{:.3g} trillion", parameters / 1e12);
    return fmt::format("{:.3g} billion", parameters / 1e9);
}

void print(const planner::Scenario& scenario, const std::vector<Rung>& rungs) {
    std::printf("%s, %.3g %% share, from %s; central values\n\n%14s %12s %6s  %s\n", scenario.name.c_str(),
                100 * scenario.fleet.share, in_words(scenario.from).c_str(), "target", "parameters", "sites",
                "date");
    for (const Rung& rung : rungs)
        std::printf("%14s %12s %6.0f  %s%s\n", flop_in_words(rung.flop).c_str(),
                    parameters_in_words(rung.parameters).c_str(), rung.sites,
                    in_words(date_of(scenario, rung.days)).c_str(),
                    rung.sites == 0 ? " (a replica fits no site's share)" : "");
}

void print(const planner::Scenario& scenario, const planner::Frontier& frontier,
           const planner::Chase& chase) {
    std::printf("\nA frontier of %s that grows %.3g-fold a year:\n", flop_in_words(frontier.flop).c_str(),
                frontier.growth);
    if (chase.caught_days)
        std::printf("caught up with on %s\n", in_words(date_of(scenario, *chase.caught_days)).c_str());
    else
        std::printf("not caught up with by %s\n",
                    in_words(scenario.from + static_cast<std::int32_t>(scenario.horizon_days)).c_str());
    for (std::size_t year = 0; year < chase.years.size(); ++year)
        std::printf("  after %2zu years: frontier %14s, the fleet has done %14s (%.3g %%)\n", year + 1,
                    flop_in_words(chase.years[year].frontier_flop).c_str(),
                    flop_in_words(chase.years[year].done_flop).c_str(),
                    100 * chase.years[year].done_flop / chase.years[year].frontier_flop);
}

Json document_of(const planner::Chase& chase) {
    Json years = Json::array();
    for (const planner::ChaseYear& year : chase.years)
        years.push_back({{"frontier_flop", year.frontier_flop}, {"done_flop", year.done_flop}});
    return years;
}

Status run(const LadderArguments& arguments) {
    EM_ASSIGN(const facts::FactSet facts, facts_of(arguments.question));
    EM_ASSIGN(const planner::Scenario scenario, scenario_of(arguments.question, arguments.question.scenario));
    const std::vector<double> targets = {1e24, 3e24, 1e25, 3e25, 1e26, 3e26, 1e27, 3e27, 1e28, 3e28, 1e29};
    EM_ASSIGN(const std::vector<Rung> rungs, planner::ladder(scenario, facts, targets));
    EM_ASSIGN(const planner::Chase chase, planner::chase(scenario, facts, arguments.frontier));
    if (arguments.question.json) {
        print_json({{"scenario", scenario.name},
                    {"share", scenario.fleet.share},
                    {"rungs", document_of(scenario, rungs)},
                    {"frontier",
                     {{"flop", arguments.frontier.flop},
                      {"growth", arguments.frontier.growth},
                      {"caught_days", chase.caught_days ? Json(*chase.caught_days) : Json(nullptr)},
                      {"years", document_of(chase)}}}});
        return {};
    }
    print(scenario, rungs);
    print(scenario, arguments.frontier, chase);
    return {};
}

}  // namespace

void add_plan_ladder(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<LadderArguments>();
    CLI::App* command =
        plan.add_subcommand("ladder", "dates for targets from 1e24 to 1e29 FLOP, and for a moving frontier");
    command->add_option("scenario", arguments->question.scenario,
                        "a scenario file or name (default existing-fleet)");
    add_question_options(*command, arguments->question);
    command
        ->add_option("--frontier", arguments->frontier.flop,
                     "FLOP of the frontier on the first day (default 5e26)")
        ->check(CLI::Range(1e18, 1e32));
    command->add_option("--growth", arguments->frontier.growth, "of the frontier, a year (default 5)")
        ->check(CLI::Range(1.0, 100.0));
    command->footer("Example: euromesh plan ladder ai-factories --share 25%");
    command->callback([arguments, &context] { context.chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace euromesh::apps
