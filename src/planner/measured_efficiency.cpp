#include "planner/measured_efficiency.hpp"

#include <algorithm>
#include <cmath>

#include "planner/convergence.hpp"

namespace euromesh::planner {
namespace {

using contract::Measured;

constexpr std::int64_t rounds_for_bytes = 10;  // so that the joining and leaving are small
constexpr std::int64_t rounds_for_gap = 100;  // a cold start alone costs more than the method: convergence.md

bool within(double factor, double a, double b) {
    return a > 0 && b > 0 && a <= factor * b && b <= factor * a;
}

double sites_of(const Measured& measured) {
    return static_cast<double>(measured.sites.size());
}

bool alike(const Measured& measured, const RunShape& shape, double sites) {
    return measured.sites.size() > 1 && within(2, sites_of(measured), sites) &&
           within(2, static_cast<double>(measured.inner_steps), shape.inner_steps);
}

// exposed over compute, of the formula and as measured
bool same_regime(const Measured& measured, const Efficiency& formula) {
    const double measured_share = measured.utilisation(), share = formula.utilisation;
    if (!(measured_share > 0 && share > 0)) return false;
    return within(2, (1 - measured_share) / measured_share, (1 - share) / share);
}

}  // namespace

std::optional<double> measured_payload(const Measured& measured, std::string_view codec) {
    const double sites = sites_of(measured);
    if (measured.codec != codec || sites < 2 || measured.rounds < rounds_for_bytes) return std::nullopt;
    return measured.bytes_per_parameter / bytes_on_busiest_line(Topology::ring, 1, sites);
}

std::optional<double> measured_penalty(const Measured& measured, const RunShape& shape, double sites) {
    const bool holds = measured.loss_gap && measured.rounds >= rounds_for_gap &&
                       alike(measured, shape, sites) &&
                       within(10, static_cast<double>(measured.parameters), shape.parameters);
    if (!holds) return std::nullopt;
    return compute_for_log_loss_ratio(std::max(0.0, std::log1p(*measured.loss_gap)));
}

std::optional<Efficiency> measured_efficiency(const Measured& measured, const RunShape& shape,
                                              const Conditions& conditions, double sites, double flop_per_s) {
    Efficiency result = efficiency_of(shape, conditions, sites, flop_per_s);
    const std::optional<double> penalty = measured_penalty(measured, shape, sites);
    const bool waits_hold = alike(measured, shape, sites) && same_regime(measured, result);
    if (!penalty && !waits_hold) return std::nullopt;
    if (penalty) result.penalty = *penalty;
    // The measured wait is for exchanges and for slower sites together: no straggler on top of it.
    const double straggler = waits_hold ? 0 : conditions.straggler;
    if (waits_hold) result.utilisation = measured.utilisation();
    result.total = result.utilisation * (1 - straggler) / (result.penalty * result.batch_penalty);
    return result;
}

}  // namespace euromesh::planner
