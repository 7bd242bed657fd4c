#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "apps/plan_report.hpp"
#include "apps/plan_text.hpp"
#include "apps/teller.hpp"
#include "planner/comparison.hpp"

namespace euromesh::apps {
namespace {

using planner::Comparison;
using planner::Plan;

struct CompareArguments {
    PlanQuestion question;
    std::string a;
    std::string b;
    std::string report;
};

std::string gap_in_words(double days) {
    if (std::isnan(days)) return "neither is ever there";
    if (!std::isfinite(days))
        return days > 0 ? "only the first is ever there" : "only the second is ever there";
    return fmt::format("{:.0f} days ({:.1f} months)", days, days / 30.4375);
}

std::string line_of(const Plan& plan, const planner::Outcomes& outcomes, std::size_t which) {
    const planner::Band band = outcomes.band(which);
    const auto date = [&](double days) { return in_words(planner::date_after(plan, days)); };
    return fmt::format("{:<36} {:>18} {:>18} {:>18} {:>18}\n", plan.scenario.name, date(plan.answer.days),
                       date(band.p05), date(band.p50), date(band.p95));
}

std::string scaled_in_words(const char* what, const std::optional<planner::Scaled>& scaled, const Plan& b) {
    if (!scaled) return fmt::format("{:<16} one of them has none\n", what);
    return fmt::format("{:<16} second x {:.3g}: {}, gap {}\n", what, scaled->factor,
                       in_words(planner::date_after(b, scaled->days)), gap_in_words(scaled->gap_days));
}

std::string in_words(const Plan& a, const Plan& b, const Comparison& comparison) {
    std::string out =
        fmt::format("{:<36} {:>18} {:>18} {:>18} {:>18}\n", "", "central", "1 in 20", "1 in 2", "19 in 20");
    out += line_of(a, comparison.outcomes, 0) + line_of(b, comparison.outcomes, 1) + "\n";
    out += fmt::format("{:<16} {}\n", "Gap, central", gap_in_words(comparison.gap_days));
    out += fmt::format("{:<16} {:.1f} % first, {:.1f} % second, {:.1f} % neither within the horizon\n",
                       "Who is earlier", 100 * comparison.odds.first, 100 * comparison.odds.second,
                       100 * comparison.odds.tie);
    out += fmt::format("{:<16} {:.4g} MW against {:.4g} MW\n", "Power", planner::power_mw(a),
                       planner::power_mw(b));
    out += scaled_in_words("Equal power", comparison.equal_power, b);
    out += fmt::format("{:<16} {} against {}\n", "Worth", amount_in_words(planner::capital_euros(a), "EUR"),
                       amount_in_words(planner::capital_euros(b), "EUR"));
    return out + scaled_in_words("Equal money", comparison.equal_money, b);
}

Status compare(const CompareArguments& arguments, const Context& context) {
    EM_ASSIGN(const facts::FactSet facts, facts_of(arguments.question));
    EM_ASSIGN(const planner::Scenario first, scenario_of(arguments.question, arguments.a));
    EM_ASSIGN(const planner::Scenario second, scenario_of(arguments.question, arguments.b));
    EM_ASSIGN(Plan a, planner::make_plan(first, facts));
    EM_ASSIGN(const Plan b, planner::make_plan(second, facts));
    EM_ASSIGN(const Comparison comparison, planner::compare(a, b, arguments.question.threads));
    if (arguments.question.json || !arguments.report.empty()) {
        EM_ASSIGN(const planner::PlanDoubt doubt, planner::doubt_of(a, arguments.question.threads));
        planner::add_median(a, doubt);
        EM_ASSIGN(Json document, plan_document(a, doubt, facts, context.clock));
        EM_ASSIGN(document["compare"], comparison_document(a, b, comparison));
        if (!arguments.report.empty()) EM_TRY(write_plan_report(document, arguments.report));
        if (arguments.question.json) {
            print_json(document);
            return {};
        }
    }
    std::fputs(in_words(a, b, comparison).c_str(), stdout);
    if (!arguments.report.empty()) std::printf("Report: %s\n", arguments.report.c_str());
    return {};
}

}  // namespace

void add_plan_compare(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<CompareArguments>();
    CLI::App* command =
        plan.add_subcommand("compare", "two scenarios: dates, odds of being first, equal power, equal money");
    command->add_option("first", arguments->a, "a scenario file or name")->required();
    command->add_option("second", arguments->b, "a scenario file or name")->required();
    add_question_options(*command, arguments->question);
    add_doubt_options(*command, arguments->question);
    command->add_option("--report", arguments->report, "write one HTML file that works offline");
    command->footer("Example: euromesh plan compare ai-factories campus-grid --share 25%");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return compare(*arguments, context); };
    });
}

}  // namespace euromesh::apps
