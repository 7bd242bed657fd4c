#include "planner/score.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace euromesh::planner {
namespace {

constexpr double sum_tolerance = 1e-9;

struct Term {
    std::string_view name;
    std::optional<double> SitingCandidate::*value;
    double SitingWeights::*weight;
    bool more_is_better;
};

constexpr std::array<Term, 7> terms = {{
    {"accessible_mw", &SitingCandidate::accessible_mw, &SitingWeights::accessible_mw, true},
    {"lead_years", &SitingCandidate::lead_years, &SitingWeights::lead_years, false},
    {"fibre_gbit_s", &SitingCandidate::fibre_gbit_s, &SitingWeights::fibre_gbit_s, true},
    {"sovereignty", &SitingCandidate::sovereignty, &SitingWeights::sovereignty, true},
    {"price_eur_mwh", &SitingCandidate::price_eur_mwh, &SitingWeights::price_eur_mwh, false},
    {"carbon_g_kwh", &SitingCandidate::carbon_g_kwh, &SitingWeights::carbon_g_kwh, false},
    {"capex_eur_kw", &SitingCandidate::capex_eur_kw, &SitingWeights::capex_eur_kw, false},
}};

struct Bounds {
    double worst = 0;
    double best = 0;
};

Status check_weights(const SitingWeights& weights) {
    double sum = 0;
    for (const Term& term : terms) {
        const double weight = weights.*term.weight;
        if (!(weight >= 0 && weight <= 1))
            return fail(Code::bad_input, "weight {} is {}; it must be from 0 to 1", term.name, weight);
        sum += weight;
    }
    if (std::abs(sum - 1) > sum_tolerance)
        return fail(Code::bad_input, "weights sum to {:.10g}; they must sum to 1", sum);
    return {};
}

Status check_candidates(const std::vector<SitingCandidate>& candidates) {
    std::set<std::string_view> seen;
    for (const SitingCandidate& candidate : candidates) {
        if (!seen.insert(candidate.id).second)
            return fail(Code::bad_input, "candidate '{}' is there twice; ids must differ", candidate.id);
        for (const Term& term : terms) {
            const std::optional<double> value = candidate.*term.value;
            if (value && !std::isfinite(*value))
                return fail(Code::bad_input, "candidate '{}': {} is {}; it must be a number, or left out",
                            candidate.id, term.name, *value);
        }
    }
    return {};
}

Bounds bounds_of(const std::vector<SitingCandidate>& candidates, const Term& term) {
    std::vector<double> known;
    for (const SitingCandidate& candidate : candidates)
        if (const std::optional<double> value = candidate.*term.value) known.push_back(*value);
    if (known.empty()) return {};
    const auto [low, high] = std::minmax_element(known.begin(), known.end());
    return term.more_is_better ? Bounds{*low, *high} : Bounds{*high, *low};
}

double normalised(double value, const Bounds& bounds) {
    if (bounds.worst == bounds.best) return 1;
    return (value - bounds.worst) / (bounds.best - bounds.worst);
}

ScoreTerm term_of(const SitingCandidate& candidate, const Term& term, const Bounds& bounds, double weight) {
    ScoreTerm result{term.name, weight, candidate.*term.value, {}, {}};
    if (result.value) result.normalised = normalised(*result.value, bounds);
    return result;
}

void add_up(SiteScore& site) {
    for (const ScoreTerm& term : site.terms)
        if (term.value) site.known_weight += term.weight;
    if (site.known_weight <= 0) return;
    site.score = 0;
    for (ScoreTerm& term : site.terms) {
        if (!term.value) continue;
        term.points = term.weight / site.known_weight * *term.normalised;
        *site.score += *term.points;
    }
}

bool comes_first(const SiteScore& a, const SiteScore& b) {
    if (a.score != b.score) return a.score > b.score;  // none is less than any
    return a.id < b.id;
}

}  // namespace

Result<std::vector<SiteScore>> score_sites(const std::vector<SitingCandidate>& candidates,
                                           const SitingWeights& weights) {
    EM_TRY(check_weights(weights));
    EM_TRY(check_candidates(candidates));
    std::array<Bounds, terms.size()> bounds;
    for (std::size_t t = 0; t < terms.size(); ++t) bounds[t] = bounds_of(candidates, terms[t]);
    std::vector<SiteScore> scores;
    for (const SitingCandidate& candidate : candidates) {
        SiteScore& site = scores.emplace_back(SiteScore{candidate.id, {}, 0, {}});
        for (std::size_t t = 0; t < terms.size(); ++t)
            site.terms.push_back(term_of(candidate, terms[t], bounds[t], weights.*terms[t].weight));
        add_up(site);
    }
    std::sort(scores.begin(), scores.end(), comes_first);
    return scores;
}

}  // namespace euromesh::planner
