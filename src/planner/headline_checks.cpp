#include "planner/headline_checks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace euromesh::planner {
namespace {

using Parameters = HeadlineParameters;

constexpr int steps_of_a_sweep = 8;
constexpr double frontier_flop = 2e28;  // of the published equal-power comparison
constexpr int published_sites = 24;     // the same; 960 MW of the campus's 1,000
constexpr double on_site_years = 2.0;   // published: gas turbines or fuel cells on the campus's own ground

struct Layer1 {
    const char* id;
    const char* label;
    const char* unit;
    double& (*field)(Parameters&);
    // Of those that the published scenarios do not vary; best first.
    double best = 0;
    double worst = 0;
    const char* range_from = "published, optimistic to pessimistic";

    bool is_published() const { return best == worst; }
};

const std::vector<Layer1>& layer1_parameters() {
    static const std::vector<Layer1> all = {
        {"alpha0", "penalty of one exchange in 500 steps", "1",
         [](Parameters& p) -> double& { return p.efficiency.alpha0; }},
        {"k_h", "penalty per doubling of the inner steps", "1",
         [](Parameters& p) -> double& { return p.efficiency.k_h; }},
        {"k_n", "penalty per doubling of the sites", "1",
         [](Parameters& p) -> double& { return p.efficiency.k_n; }},
        {"alpha_cap", "cap of the penalty", "1",
         [](Parameters& p) -> double& { return p.efficiency.alpha_cap; }, 1.3, 2.0,
         "judgement: from a cap that binds in the baseline to one that never does"},
        {"mfu", "MFU of the sites", "1", [](Parameters& p) -> double& { return p.sites.mfu; }},
        {"inner_steps", "inner steps between exchanges", "steps",
         [](Parameters& p) -> double& { return p.efficiency.inner_steps; }, 100, 1000,
         "judgement: from INTELLECT-1's 100 (arXiv 2412.01152) to twice DiLoCo's 500 (2311.08105)"},
        {"compression", "compression of the exchange", "1",
         [](Parameters& p) -> double& { return p.efficiency.compression; }},
        {"wan_gbit_s", "bandwidth between sites", "Gbit/s",
         [](Parameters& p) -> double& { return p.efficiency.wan_gbit_s; }},
        {"latency_ms", "latency between sites", "ms",
         [](Parameters& p) -> double& { return p.efficiency.latency_ms; }, 5, 150,
         "judgement: from one country to half the world"},
        {"overlap", "share of the exchange behind compute", "1",
         [](Parameters& p) -> double& { return p.efficiency.overlap; }, 1, 0, "all that it can be"},
        {"batch_tokens", "tokens of a batch", "tokens",
         [](Parameters& p) -> double& { return p.efficiency.batch_tokens; }, 16e6, 1e6,
         "judgement: half the published batch to the largest of Llama 3.1 405B (arXiv 2407.21783)"},
    };
    return all;
}

std::optional<int> gap_of(const Parameters& parameters) {
    return run_headline(parameters).gap();
}

std::optional<int> farther(std::optional<int> moved, std::optional<int> base, std::optional<int> gap) {
    if (!moved || !base || !gap) return std::nullopt;
    return std::max(*moved, std::abs(*gap - *base));
}

Layer1Sweep sweep(const Layer1& parameter, const Parameters& base, Parameters optimistic,
                  Parameters pessimistic) {
    const double best = parameter.is_published() ? parameter.field(optimistic) : parameter.best;
    const double worst = parameter.is_published() ? parameter.field(pessimistic) : parameter.worst;
    Layer1Sweep result{parameter.id,
                       parameter.label,
                       parameter.unit,
                       {std::min(best, worst), std::max(best, worst)},
                       parameter.range_from,
                       best,
                       0};
    const std::optional<int> unmoved = gap_of(base);
    for (int step = 0; step <= steps_of_a_sweep; ++step) {
        Parameters moved = base;
        parameter.field(moved) = best + (worst - best) * step / steps_of_a_sweep;
        result.moves = farther(result.moves, unmoved, gap_of(moved));
    }
    return result;
}

std::optional<int> gap_with_all(Parameters base, const std::vector<Layer1Sweep>& sweeps, bool best) {
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
        const Layer1Sweep& s = sweeps[i];
        const double worst = s.best == s.range.low ? s.range.high : s.range.low;
        layer1_parameters()[i].field(base) = best ? s.best : worst;
    }
    return gap_of(base);
}

std::optional<int> gap_with_lead(Parameters base, double years) {
    base.campus.lead_years = years;
    return gap_of(base);
}

std::vector<EqualPower> equal_power_rows(const Parameters& base) {
    const int whole_sites = static_cast<int>(base.campus.power_mw / base.sites.power_mw);
    std::vector<EqualPower> rows;
    for (const int sites : {published_sites, whole_sites}) {
        if (sites < 1 || (!rows.empty() && sites == published_sites)) continue;
        rows.push_back(equal_power(base, sites, base.target.flop()));
        rows.push_back(equal_power(base, sites, frontier_flop));
    }
    return rows;
}

}  // namespace

std::vector<Layer1Sweep> layer1_sweeps(const Parameters& base, const Parameters& optimistic,
                                       const Parameters& pessimistic) {
    std::vector<Layer1Sweep> sweeps;
    for (const Layer1& parameter : layer1_parameters())
        sweeps.push_back(sweep(parameter, base, optimistic, pessimistic));
    return sweeps;
}

EqualPower equal_power(Parameters base, int sites, double flop) {
    base.sites.most = sites;
    base.target.tokens = flop / (6 * base.target.parameters);
    return {sites, flop, gap_of(base)};
}

HeadlineChecks check_headline(const Parameters& base, const Parameters& optimistic,
                              const Parameters& pessimistic) {
    HeadlineChecks checks;
    checks.layer1 = layer1_sweeps(base, optimistic, pessimistic);
    checks.gap_all_best = gap_with_all(base, checks.layer1, true);
    checks.gap_all_worst = gap_with_all(base, checks.layer1, false);
    checks.campus_lead_years = {optimistic.campus.lead_years, pessimistic.campus.lead_years};
    checks.gap_shortest_lead = gap_with_lead(base, optimistic.campus.lead_years);
    checks.gap_longest_lead = gap_with_lead(base, pessimistic.campus.lead_years);
    checks.equal_power = equal_power_rows(base);
    checks.on_site_years = on_site_years;
    checks.gap_on_site = gap_with_lead(base, on_site_years);
    const int sites = static_cast<int>(sites_of(base).size());
    checks.power_ratio = sites * base.sites.power_mw / base.campus.power_mw;
    const double efficiency = mesh_efficiency(base, sites).value();
    const double flop = base.target.flop();
    checks.campus_hours = flop / (peak_of(base.card, base.campus.power_mw) * base.campus.mfu) / 3600;
    checks.site_days = flop / (peak_of(base.card, base.sites.power_mw) * base.sites.mfu * efficiency) / 86400;
    return checks;
}

}  // namespace euromesh::planner
