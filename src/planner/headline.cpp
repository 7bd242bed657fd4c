#include "planner/headline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace euromesh::planner {
namespace {

constexpr double days_a_month = 30;
constexpr double seconds_a_month = days_a_month * 86400;
constexpr double hours_a_month = days_a_month * 24;
constexpr double bytes_a_parameter = 2;  // BF16, before compression

double mesh_power(const HeadlineParameters& parameters, const std::vector<HeadlineSite>& sites, int month) {
    double power = 0;
    for (const HeadlineSite& site : sites) {
        power +=
            parameters.sites.power_mw * ramp_share(month, site.power_from_year, parameters.sites.ramp_months);
    }
    return power;
}

HeadlinePoint point_of(const HeadlineParameters& parameters, const HeadlineResult& so_far, int month) {
    const HeadlinePoint before = so_far.series.empty() ? HeadlinePoint{} : so_far.series.back();
    HeadlinePoint point;
    point.mesh_mw = mesh_power(parameters, so_far.sites, month);
    point.campus_mw = parameters.campus.power_mw *
                      ramp_share(month, parameters.campus.lead_years, parameters.campus.ramp_months);
    point.mesh_flop = before.mesh_flop + month_flop(parameters.card, point.mesh_mw, parameters.sites.mfu,
                                                    so_far.efficiency.value());
    point.campus_flop =
        before.campus_flop + month_flop(parameters.card, point.campus_mw, parameters.campus.mfu, 1);
    return point;
}

std::optional<int> first_month_with(const std::vector<HeadlinePoint>& series, double HeadlinePoint::*flop,
                                    double target) {
    const auto at = std::find_if(series.begin(), series.end(),
                                 [&](const HeadlinePoint& point) { return point.*flop >= target; });
    if (at == series.end()) return std::nullopt;
    return static_cast<int>(at - series.begin());
}

double grid_gwh(const HeadlineParameters& parameters, const HeadlineResult& result,
                double HeadlinePoint::*power, std::optional<int> delivered) {
    const std::size_t end = delivered ? static_cast<std::size_t>(*delivered) + 1 : result.series.size();
    double mw_months = 0;
    for (std::size_t m = 0; m < end; ++m) mw_months += result.series[m].*power;
    return mw_months * hours_a_month * parameters.card.pue / 1000;
}

}  // namespace

std::optional<int> HeadlineResult::gap() const {
    if (!mesh_month || !campus_month) return std::nullopt;
    return *campus_month - *mesh_month;
}

double cards_of(const HeadlineCard& card, double power_mw) {
    EM_ASSERT(card.power_kw > 0, "a card draws power");
    return 1000 * power_mw / card.power_kw;
}

double peak_of(const HeadlineCard& card, double power_mw) {
    return cards_of(card, power_mw) * card.peak_flops;
}

std::vector<HeadlineSite> sites_of(const HeadlineParameters& parameters) {
    std::vector<HeadlineSite> sites;
    for (int number = 0; number < parameters.sites.per_region; ++number) {
        for (const HeadlineRegion& region : parameters.regions) {
            const double lead = parameters.sites.lead_multiplier * region.lead_years;
            sites.push_back({region.name, number, lead + number * parameters.sites.stagger_months / 12});
        }
    }
    const auto most = static_cast<std::size_t>(parameters.sites.most);
    if (most > 0 && most < sites.size()) sites.resize(most);
    return sites;
}

double ramp_share(double m, double years, double ramp_months) {
    EM_ASSERT(ramp_months > 0, "a ramp takes time");
    return std::clamp((m - 12 * years) / ramp_months, 0.0, 1.0);
}

double compute_seconds(const HeadlineParameters& parameters) {
    const HeadlineEfficiency& e = parameters.efficiency;
    const double flop = e.inner_steps * 6 * parameters.target.parameters * e.batch_tokens;
    return flop / (peak_of(parameters.card, parameters.sites.power_mw) * parameters.sites.mfu);
}

double exchange_seconds(const HeadlineParameters& parameters) {
    const HeadlineEfficiency& e = parameters.efficiency;
    const double bits = 8 * parameters.target.parameters * bytes_a_parameter * e.compression;
    return bits / (e.wan_gbit_s * 1e9) + 2 * e.latency_ms / 1000;
}

MeshEfficiency mesh_efficiency(const HeadlineParameters& parameters, int sites) {
    EM_ASSERT(sites >= 1, "a mesh has a site");
    const HeadlineEfficiency& e = parameters.efficiency;
    MeshEfficiency result;
    result.compute_s = compute_seconds(parameters);
    result.exchange_s = exchange_seconds(parameters);
    result.eta = result.compute_s / (result.compute_s + (1 - e.overlap) * result.exchange_s);
    result.alpha = std::min(
        e.alpha_cap, e.alpha0 + e.k_h * std::log2(e.inner_steps / 500) + e.k_n * std::log2(double(sites)));
    return result;
}

double month_flop(const HeadlineCard& card, double power_mw, double mfu, double efficiency) {
    return seconds_a_month * peak_of(card, power_mw) * mfu * efficiency;
}

HeadlineResult run_headline(const HeadlineParameters& parameters) {
    HeadlineResult result;
    result.sites = sites_of(parameters);
    result.efficiency = mesh_efficiency(parameters, static_cast<int>(result.sites.size()));
    for (int month = 0; month < parameters.months; ++month)
        result.series.push_back(point_of(parameters, result, month));
    const double target = parameters.target.flop();
    result.mesh_month = first_month_with(result.series, &HeadlinePoint::mesh_flop, target);
    result.campus_month = first_month_with(result.series, &HeadlinePoint::campus_flop, target);
    return result;
}

std::string month_label(HeadlineMonth first, int month) {
    static constexpr const char* names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int since = first.month - 1 + month;
    EM_ASSERT(first.month >= 1 && since >= 0, "months count forward");
    return fmt::format("{} {}", names[since % 12], first.year + since / 12);
}

double mesh_gwh(const HeadlineParameters& parameters, const HeadlineResult& result) {
    return grid_gwh(parameters, result, &HeadlinePoint::mesh_mw, result.mesh_month);
}

double campus_gwh(const HeadlineParameters& parameters, const HeadlineResult& result) {
    return grid_gwh(parameters, result, &HeadlinePoint::campus_mw, result.campus_month);
}

}  // namespace euromesh::planner
