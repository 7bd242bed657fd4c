#include "planner/headline_trace.hpp"

#include <fmt/format.h>

namespace euromesh::planner {
namespace {

struct Writer {
    const HeadlineParameters& parameters;
    const HeadlineResult& result;
    const facts::Source& source;
    Trace trace = {};

    void leaf(const char* id, const char* label, double value, const char* unit) {
        trace.leaf({.id = id, .label = label, .value = value, .unit = unit, .source = source});
    }
    void derive(const char* id, const std::string& label, double value, const char* unit, const char* formula,
                std::vector<std::string> inputs) {
        trace.derive({.id = id,
                      .label = label,
                      .value = value,
                      .unit = unit,
                      .formula = formula,
                      .inputs = std::move(inputs)});
    }
};

void add_target_and_card(Writer& w) {
    const HeadlineParameters& p = w.parameters;
    w.leaf("target.parameters", "parameters of the model N", p.target.parameters, "1");
    w.leaf("target.tokens", "tokens D", p.target.tokens, "1");
    w.derive("headline.target", "target C", p.target.flop(), "FLOP", "6 x N x D",
             {"target.parameters", "target.tokens"});
    w.leaf("card.peak_flops", "peak of a card, dense BF16", p.card.peak_flops, "FLOP/s");
    w.leaf("card.power_kw", "IT power of a card", p.card.power_kw, "kW");
    w.leaf("card.pue", "PUE", p.card.pue, "1");
}

void add_regions(Writer& w) {
    for (const HeadlineRegion& region : w.parameters.regions) {
        facts::Source source = w.source;
        source.grade = facts::Grade::c;
        w.trace.leaf({.id = "region." + region.name,
                      .label = "wait for 40 MW, " + region.name,
                      .value = region.lead_years,
                      .unit = "years",
                      .source = source,
                      .note = "not published region by region but for the Netherlands"});
    }
}

void add_sites(Writer& w) {
    const HeadlineSites& s = w.parameters.sites;
    w.leaf("sites.power_mw", "IT power of a site", s.power_mw, "MW");
    w.leaf("sites.per_region", "sites of a region", s.per_region, "1");
    w.leaf("sites.stagger_months", "months between sites of a region", s.stagger_months, "months");
    w.leaf("sites.lead_multiplier", "multiplier of the waits m_s", s.lead_multiplier, "1");
    w.leaf("sites.ramp_months", "ramp of a site R", s.ramp_months, "months");
    w.leaf("sites.mfu", "MFU of the sites", s.mfu, "1");
    w.derive("headline.site_peak", "peak of a site", peak_of(w.parameters.card, s.power_mw), "FLOP/s",
             "1000 x MW / kW of a card x peak of a card",
             {"sites.power_mw", "card.power_kw", "card.peak_flops"});
    std::vector<std::string> inputs = {"sites.per_region", "sites.stagger_months", "sites.lead_multiplier"};
    for (const HeadlineRegion& region : w.parameters.regions) inputs.push_back("region." + region.name);
    double mean = 0;
    for (const HeadlineSite& site : w.result.sites) mean += site.power_from_year;
    const auto count = static_cast<double>(w.result.sites.size());
    w.leaf("sites.most", "most sites, 0 for all", s.most, "1");
    w.derive("headline.sites", "sites S", count, "1",
             "regions x sites of a region, or the first `most` of them, one per region in turn",
             {"sites.per_region", "sites.most"});
    w.derive("headline.first_power", "first power of a site, mean of all", mean / count, "years",
             "tau = m_s x wait + i x stagger / 12, site i of its region", std::move(inputs));
}

void add_campus(Writer& w) {
    const HeadlineCampus& c = w.parameters.campus;
    w.leaf("campus.power_mw", "IT power of the campus", c.power_mw, "MW");
    w.leaf("campus.lead_years", "wait of the campus tau_mega", c.lead_years, "years");
    w.leaf("campus.ramp_months", "ramp of the campus", c.ramp_months, "months");
    w.leaf("campus.mfu", "MFU of the campus", c.mfu, "1");
}

void add_efficiency(Writer& w) {
    const HeadlineEfficiency& e = w.parameters.efficiency;
    const MeshEfficiency& r = w.result.efficiency;
    w.leaf("efficiency.inner_steps", "inner steps H", e.inner_steps, "1");
    w.leaf("efficiency.batch_tokens", "tokens of a batch B", e.batch_tokens, "1");
    w.leaf("efficiency.compression", "compression c", e.compression, "1");
    w.leaf("efficiency.wan_gbit_s", "bandwidth W", e.wan_gbit_s, "Gbit/s");
    w.leaf("efficiency.latency_ms", "latency", e.latency_ms, "ms");
    w.leaf("efficiency.overlap", "overlap phi", e.overlap, "1");
    w.leaf("efficiency.alpha0", "penalty alpha0", e.alpha0, "1");
    w.leaf("efficiency.k_h", "k_H", e.k_h, "1");
    w.leaf("efficiency.k_n", "k_N", e.k_n, "1");
    w.leaf("efficiency.alpha_cap", "cap of the penalty", e.alpha_cap, "1");
    w.derive("headline.compute", "compute of an outer step t_c", r.compute_s, "s",
             "H x 6 N B / (peak of a site x MFU)",
             {"efficiency.inner_steps", "target.parameters", "efficiency.batch_tokens", "headline.site_peak",
              "sites.mfu"});
    w.derive(
        "headline.exchange", "exchange of an outer step t_x", r.exchange_s, "s",
        "8 x N x 2 bytes x c / W + 2 x latency",
        {"target.parameters", "efficiency.compression", "efficiency.wan_gbit_s", "efficiency.latency_ms"});
    w.derive("headline.eta", "share of the time that computes eta", r.eta, "1", "t_c / (t_c + (1 - phi) t_x)",
             {"headline.compute", "headline.exchange", "efficiency.overlap"});
    w.derive("headline.alpha", "penalty alpha", r.alpha, "1",
             "min(cap, alpha0 + k_H log2(H / 500) + k_N log2 S)",
             {"efficiency.alpha_cap", "efficiency.alpha0", "efficiency.k_h", "efficiency.inner_steps",
              "efficiency.k_n", "headline.sites"});
    w.derive("headline.efficiency", "efficiency of the mesh E", r.value(), "1", "eta / alpha",
             {"headline.eta", "headline.alpha"});
}

std::string when(const HeadlineParameters& parameters, int month) {
    return " (" + month_label(parameters.first_month, month) + ")";
}

void add_months(Writer& w) {
    const std::optional<int> mesh = w.result.mesh_month;
    const std::optional<int> campus = w.result.campus_month;
    if (mesh) {
        w.derive("headline.mesh_month", "month of the mesh" + when(w.parameters, *mesh), *mesh, "months",
                 "first m with sum over k <= m of 2.592e6 s x G(k) x cards/MW x peak x MFU x E >= C, "
                 "G(k) = sum over sites of MW x clip((k - 12 tau) / R, 0, 1)",
                 {"headline.target", "headline.first_power", "sites.ramp_months", "headline.sites",
                  "headline.site_peak", "sites.mfu", "headline.efficiency"});
    }
    if (campus) {
        w.derive("headline.campus_month", "month of the campus" + when(w.parameters, *campus), *campus,
                 "months", "the same with one site, tau = tau_mega, E = 1",
                 {"headline.target", "campus.lead_years", "campus.ramp_months", "campus.power_mw",
                  "campus.mfu", "card.peak_flops", "card.power_kw"});
    }
    if (mesh && campus) {
        w.derive("headline.gap", "gap", *campus - *mesh, "months", "month of the campus - month of the mesh",
                 {"headline.campus_month", "headline.mesh_month"});
    }
}

void add_energy(Writer& w) {
    w.derive("headline.mesh_energy", "energy from the grid until the mesh delivers",
             mesh_gwh(w.parameters, w.result), "GWh", "sum over months of G(k) x 720 h x PUE",
             {"headline.first_power", "sites.ramp_months", "headline.sites", "sites.power_mw", "card.pue"});
    w.derive("headline.campus_energy", "energy from the grid until the campus delivers",
             campus_gwh(w.parameters, w.result), "GWh", "sum over months of G(k) x 720 h x PUE",
             {"campus.lead_years", "campus.ramp_months", "campus.power_mw", "card.pue"});
}

}  // namespace

Trace trace_headline(const HeadlineParameters& parameters, const HeadlineResult& result,
                     const facts::Source& source) {
    Writer writer{parameters, result, source};
    add_target_and_card(writer);
    add_regions(writer);
    add_sites(writer);
    add_campus(writer);
    add_efficiency(writer);
    add_months(writer);
    add_energy(writer);
    return std::move(writer.trace);
}

facts::Source published_headline_source() {
    return {"public EuroMesh analysis; parameters that give its months", "", "2026-06", facts::Grade::b};
}

}  // namespace euromesh::planner
