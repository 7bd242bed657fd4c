#include "apps/plan_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/plan_question.hpp"

namespace euromesh::apps {
namespace {

using planner::never;

std::string days_in_words(double days) {
    if (!(std::abs(days) < never)) return "not within reach";
    return fmt::format("{:.1f} days", days);
}

facts::Date last_day(const planner::Plan& plan) {
    return plan.scenario.from + static_cast<std::int32_t>(plan.scenario.horizon_days);
}

std::string date_lines(const planner::Plan& plan, const planner::PlanDoubt* doubt) {
    const auto date = [&](double days) {
        return days < never ? in_words(planner::date_after(plan, days)) : "no day within the horizon";
    };
    const std::string central = fmt::format("Central    {} ({}), every input at its most likely value\n",
                                            date(plan.answer.days), days_in_words(plan.answer.days));
    if (doubt == nullptr) return central;
    if (!(doubt->outcomes.finite_share(0) > 0))
        return fmt::format("Date       not by {} in any of {} scenarios\n", in_words(last_day(plan)),
                           doubt->outcomes.scenarios());
    const planner::Band band = doubt->outcomes.band(0);
    std::string lines = fmt::format(
        "Date       {}: as likely earlier as later ({} scenarios)\n"
        "Odds       1 in 20 by {}, 1 in 10 by {}, 9 in 10 by {}, 19 in 20 by {}\n",
        date(band.p50), doubt->outcomes.scenarios(), date(band.p05), date(band.p10), date(band.p90),
        date(band.p95));
    const double missed = 1 - doubt->outcomes.finite_share(0);
    if (missed > 0)
        lines += fmt::format("           in {:.1f} % of the scenarios not by {}\n", 100 * missed,
                             in_words(last_day(plan)));
    return lines + central;
}

struct Row {
    const char* label;
    double value;
    std::size_t outcome;
    double unit;
    const char* name;
};

std::string totals(const planner::Plan& plan, const planner::PlanDoubt* doubt) {
    const planner::PlanOutcome& answer = plan.answer;
    const Row rows[] = {{"Cost", answer.euros, 3, 1, "EUR"},
                        {"  of it electricity", answer.electricity_euros, 4, 1, "EUR"},
                        {"Energy", answer.kwh, 2, 1e3, "Wh"},
                        {"Emissions", answer.grams_co2e, 5, 1e-6, "t CO2e"},
                        {"Accelerators", answer.accelerator_hours, 1, 1, "hours"}};
    std::string out =
        doubt == nullptr ? "Central values\n" : "Central values, and where 9 in 10 scenarios lie\n";
    for (const Row& row : rows) {
        out += fmt::format("{:<20} {}", row.label, amount_in_words(row.value * row.unit, row.name));
        if (doubt != nullptr) {
            const planner::Band band = doubt->outcomes.band(row.outcome);
            out += fmt::format(" ({} to {})", amount_in_words(band.p05 * row.unit, row.name),
                               amount_in_words(band.p95 * row.unit, row.name));
        }
        out += "\n";
    }
    return out;
}

std::string steps(const planner::Plan& plan) {
    if (plan.fleet.model.units.empty()) return "";
    std::string out = "From arithmetic to this date\n";
    double before = 0;
    for (const planner::Step& step : plan.steps) {
        const std::string change = before == 0 || !(step.days < never) || !(before < never)
                                       ? ""
                                       : fmt::format("{:+.1f}", step.days - before);
        out += fmt::format("  {:<32} {:>12} {:>10}  {}\n", step.label, days_in_words(step.days), change,
                           step.why);
        before = step.days;
    }
    return out;
}

std::string gains(const planner::Plan& plan) {
    if (plan.gains.empty()) return "";
    std::string out = "What would bring it forward\n";
    for (const planner::Gain& gain : plan.gains)
        out += fmt::format(
            "  {:<42} {}\n", gain.label,
            gain.days < never ? fmt::format("{:.0f} days earlier", gain.days) : "makes it possible");
    return out;
}

std::string sites(const planner::Plan& plan) {
    std::string out = fmt::format("{:<28} {:>3} {:>7} {:<18} {:>9} {:>9}  {}\n", "Sites", "", "cards",
                                  "accelerator", "peak PF", "used PF", "");
    struct Line {
        double rate;
        std::string text;
    };
    std::vector<Line> lines;
    for (const planner::FleetSite& site : plan.fleet.sites) {
        const bool used = site.unit && site.why_not.empty();
        const double rate =
            used ? plan.fleet.model.rate(plan.fleet.model.units[*site.unit], plan.central) : 0;
        lines.push_back(
            {rate,
             fmt::format("  {:<26} {:>3} {:>7.0f} {:<18} {:>9.1f} {:>9.2f}  {}\n", site.id, site.country,
                         site.cards, site.accelerator, site.peak_flop_per_s / 1e15, rate / 1e15,
                         used ? (site.status == "operational" ? "" : site.online + " " + site.status)
                              : site.why_not)});
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const Line& a, const Line& b) { return a.rate > b.rate; });
    for (const Line& line : lines) out += line.text;
    return out;
}

}  // namespace

std::string flop_in_words(double flop) {
    if (!(flop > 0)) return "0 FLOP";
    const double exponent = std::floor(std::log10(flop) + 1e-12);
    return fmt::format("{:.3g}e{:.0f} FLOP", flop / std::pow(10, exponent), exponent);
}

std::string rate_in_words(double flop_per_s) {
    if (flop_per_s >= 1e18) return fmt::format("{:.2f} EFLOP/s", flop_per_s / 1e18);
    return fmt::format("{:.1f} PFLOP/s", flop_per_s / 1e15);
}

std::string amount_in_words(double value, const char* unit) {
    const std::string_view name = unit;
    if (name == "Wh") {
        static constexpr const char* prefixes[] = {"kWh", "MWh", "GWh", "TWh"};
        std::size_t step = 0;
        for (value /= 1e3; value >= 999.5 && step < 3; ++step) value /= 1e3;
        return fmt::format("{:.3g} {}", value, prefixes[step]);
    }
    if (value >= 999.5e9) return fmt::format("{:.3g} trillion {}", value / 1e12, name);
    if (value >= 999.5e6) return fmt::format("{:.2f} billion {}", value / 1e9, name);
    if (value >= 999.5e3) return fmt::format("{:.3g} million {}", value / 1e6, name);
    return fmt::format("{:.0f} {}", value, name);
}

std::string headline_of(const planner::Plan& plan, const planner::PlanDoubt* doubt) {
    const auto date = [&](double days) { return in_words(planner::date_after(plan, days)); };
    const std::string question =
        fmt::format("{}, {:.3g} % share, {} ({})", plan.scenario.name, 100 * plan.scenario.fleet.share,
                    plan.scenario.target.name, flop_in_words(plan.scenario.target.flop));
    if (doubt == nullptr) return fmt::format("{}: {}, central values", question, date(plan.answer.days));
    const planner::Band band = doubt->outcomes.band(0);
    if (!(band.p50 < never))
        return fmt::format("{}: not by {} in {:.3g} % of the scenarios", question, in_words(last_day(plan)),
                           100 * (1 - doubt->outcomes.finite_share(0)));
    return fmt::format("{}: {} (8 in 10: {} to {})", question, date(band.p50), date(band.p10),
                       date(band.p90));
}

std::string plan_in_words(const planner::Plan& plan, const planner::PlanDoubt* doubt) {
    std::string out = fmt::format("{}\n{}\n\n", plan.scenario.name, plan.scenario.about);
    out += fmt::format("Target     {}, {}, from {}\n", plan.scenario.target.name,
                       flop_in_words(plan.scenario.target.flop), in_words(plan.scenario.from));
    out += date_lines(plan, doubt);
    if (!plan.gains.empty())
        out += fmt::format("Bound      most would be won by: {}\n", plan.gains.front().label);
    out += "\n" + totals(plan, doubt) + "\n" + steps(plan) + "\n" + gains(plan) + "\n" + sites(plan);
    out += fmt::format("\n{} of {} facts and assumptions are of grade C (estimates); --explain shows each.\n",
                       planner::weak_leaves(plan.fleet.trace),
                       std::count_if(plan.fleet.trace.figures().begin(), plan.fleet.trace.figures().end(),
                                     [](const auto& figure) { return figure.inputs.empty(); }));
    return out;
}

}  // namespace euromesh::apps
