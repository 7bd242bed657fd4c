#include "apps/plan_headline_text.hpp"

#include <fmt/format.h>

#include "apps/plan_text.hpp"

namespace euromesh::apps {
namespace {

using planner::HeadlineChecks;
using planner::HeadlineParameters;

std::string month_in_words(const HeadlineParameters& parameters, std::optional<int> month) {
    if (!month) return fmt::format("not in {} months", parameters.months);
    return fmt::format("month {}, {}", *month, planner::month_label(parameters.first_month, *month));
}

std::string gap_in_words(std::optional<int> gap) {
    if (!gap) return "none: one of them has no month";
    return fmt::format("{} months{}", *gap, *gap < 0 ? " (the campus is first)" : "");
}

std::string table(const HeadlineAnswer& answer) {
    std::string text =
        fmt::format("{:<14}{:<24}{:<24}{}\n", "scenario", "mesh of new sites", "new campus", "gap");
    for (const HeadlineRow& row : answer.rows) {
        text += fmt::format("{:<14}{:<24}{:<24}{}\n", row.parameters.name,
                            month_in_words(row.parameters, row.result.mesh_month),
                            month_in_words(row.parameters, row.result.campus_month),
                            gap_in_words(row.result.gap()));
    }
    return text;
}

std::string layer1(const HeadlineChecks& checks) {
    std::string text =
        "Training efficiency (Layer 1), each parameter alone over its range, moves the gap by\n";
    for (const planner::Layer1Sweep& s : checks.layer1) {
        const std::string by = s.moves ? fmt::format("{} months", *s.moves) : "no gap at an end";
        text += fmt::format("  {:<42}{:>8.4g} to {:<8.4g}{:<8}{}\n", s.label, s.range.low, s.range.high,
                            s.unit == "1" || s.unit == s.label ? "" : s.unit, by);
    }
    return text + fmt::format("  all at their best: gap {}; all at their worst: gap {}\n",
                              gap_in_words(checks.gap_all_best), gap_in_words(checks.gap_all_worst));
}

std::string waits(const HeadlineChecks& checks) {
    return fmt::format(
        "The campus's wait for the grid, {} to {} years (tau_mega), makes the gap {} to {}.\n"
        "With power made on its own ground after {} years, the gap is {}.\n",
        checks.campus_lead_years.low, checks.campus_lead_years.high, gap_in_words(checks.gap_shortest_lead),
        gap_in_words(checks.gap_longest_lead), checks.on_site_years, gap_in_words(checks.gap_on_site));
}

std::string equal_power(const HeadlineChecks& checks) {
    std::string text = "Equal power, sites one per region in turn:\n";
    for (const planner::EqualPower& row : checks.equal_power) {
        text += fmt::format("  the first {} sites, {}: gap {}\n", row.sites, flop_in_words(row.target_flop),
                            gap_in_words(row.gap));
    }
    return text;
}

std::string sizes(const HeadlineChecks& checks, bool published) {
    return fmt::format(
        "All sites have {:.2f} times the power of the campus. At full power from the start the campus would\n"
        "finish the target in {:.1f} hours{}, one site in {:.1f} days{}: the table\n"
        "says who gets a grid connection first. It says nothing of the machines that exist; that is\n"
        "'euromesh plan run existing-fleet'.\n",
        checks.power_ratio, checks.campus_hours, published ? " (published: 19)" : "", checks.site_days,
        published ? " (published: 27)" : "");
}

Json or_null(std::optional<int> value) {
    return value ? Json(*value) : Json(nullptr);
}

Json delivery(const HeadlineParameters& parameters, std::optional<int> month, double power_mw, double gwh) {
    const Json date = month ? Json(planner::month_label(parameters.first_month, *month)) : Json(nullptr);
    return {{"month", or_null(month)}, {"date", date}, {"power_mw", power_mw}, {"energy_gwh", gwh}};
}

Json to_json(const planner::MeshEfficiency& efficiency) {
    return {{"compute_s", efficiency.compute_s},
            {"exchange_s", efficiency.exchange_s},
            {"eta", efficiency.eta},
            {"alpha", efficiency.alpha},
            {"efficiency", efficiency.value()}};
}

Json series_of(const HeadlineRow& row) {
    Json series = Json::array();
    for (std::size_t m = 0; m < row.result.series.size(); ++m) {
        const planner::HeadlinePoint& point = row.result.series[m];
        series.push_back({{"month", m},
                          {"date", planner::month_label(row.parameters.first_month, static_cast<int>(m))},
                          {"mesh_mw", point.mesh_mw},
                          {"campus_mw", point.campus_mw},
                          {"mesh_flop", point.mesh_flop},
                          {"campus_flop", point.campus_flop}});
    }
    return series;
}

Json to_json(const HeadlineRow& row) {
    const HeadlineParameters& p = row.parameters;
    const double mesh_mw = static_cast<double>(row.result.sites.size()) * p.sites.power_mw;
    Json figures = Json::array();
    for (const planner::Figure& figure : row.trace.figures()) figures.push_back(planner::to_json(figure));
    return {{"name", p.name},
            {"target_flop", p.target.flop()},
            {"mesh", delivery(p, row.result.mesh_month, mesh_mw, planner::mesh_gwh(p, row.result))},
            {"campus",
             delivery(p, row.result.campus_month, p.campus.power_mw, planner::campus_gwh(p, row.result))},
            {"gap_months", or_null(row.result.gap())},
            {"efficiency", to_json(row.result.efficiency)},
            {"series", series_of(row)},
            {"figures", std::move(figures)}};
}

Json to_json(const HeadlineChecks& checks) {
    Json layer1_rows = Json::array();
    for (const planner::Layer1Sweep& s : checks.layer1) {
        layer1_rows.push_back({{"id", s.id},
                               {"label", s.label},
                               {"unit", s.unit},
                               {"low", s.range.low},
                               {"high", s.range.high},
                               {"range_from", s.range_from},
                               {"moves_gap_months", or_null(s.moves)}});
    }
    Json equal = Json::array();
    for (const planner::EqualPower& row : checks.equal_power)
        equal.push_back(
            {{"sites", row.sites}, {"target_flop", row.target_flop}, {"gap_months", or_null(row.gap)}});
    return {{"layer1", std::move(layer1_rows)},
            {"layer1_all_best_gap_months", or_null(checks.gap_all_best)},
            {"layer1_all_worst_gap_months", or_null(checks.gap_all_worst)},
            {"campus_lead_years_low", checks.campus_lead_years.low},
            {"campus_lead_years_low_gap_months", or_null(checks.gap_shortest_lead)},
            {"campus_lead_years_high", checks.campus_lead_years.high},
            {"campus_lead_years_high_gap_months", or_null(checks.gap_longest_lead)},
            {"on_site_years", checks.on_site_years},
            {"on_site_gap_months", or_null(checks.gap_on_site)},
            {"equal_power", std::move(equal)},
            {"power_ratio", checks.power_ratio},
            {"campus_hours_at_full_power", checks.campus_hours},
            {"one_site_days_at_full_power", checks.site_days}};
}

}  // namespace

std::string in_words(const HeadlineAnswer& answer) {
    const HeadlineChecks& checks = answer.checks;
    return table(answer) + fmt::format("\nWhat checking the {} case shows\n\n", answer.checked) +
           layer1(checks) + waits(checks) + equal_power(checks) + sizes(checks, answer.published);
}

std::string explained(const HeadlineAnswer& answer) {
    std::string text;
    for (const HeadlineRow& row : answer.rows) {
        text += fmt::format("{}== {}\n", text.empty() ? "" : "\n", row.parameters.name);
        const char* const both[] = {"headline.mesh_month", "headline.campus_month"};
        if (row.trace.find("headline.gap") != nullptr) {
            text += planner::explain(row.trace, "headline.gap");
            continue;
        }
        for (const char* id : both)
            if (row.trace.find(id) != nullptr) text += planner::explain(row.trace, id);
    }
    return text;
}

Json to_json(const HeadlineAnswer& answer) {
    Json rows = Json::array();
    for (const HeadlineRow& row : answer.rows) rows.push_back(to_json(row));
    Json checks = to_json(answer.checks);
    checks["scenario"] = answer.checked;
    return {{"scenarios", std::move(rows)}, {"checks", std::move(checks)}};
}

}  // namespace euromesh::apps
