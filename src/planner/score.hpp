// Siting score (Layer 3 of the published analysis): which place first, and why.
//
// Why: a list of places with power, price and law in different units becomes an order whose every term can be
// seen and disputed. Terms are min-max normalised over the candidates, so a score compares these candidates
// with each other and means nothing outside their list. What is unknown of a candidate is left out of its
// score, never counted as zero: the weights of what is known are scaled up to 1 and `known_weight` tells how
// much that is. docs/models/siting-score.md. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::planner {

struct SitingCandidate {
    std::string id = {};
    std::optional<double> accessible_mw = {};  // more is better
    std::optional<double> lead_years = {};     // less
    std::optional<double> fibre_gbit_s = {};   // more; to the research network or an exchange
    std::optional<double> sovereignty =
        {};  // more; a class on the caller's scale, higher = more under own law
    std::optional<double> price_eur_mwh = {};  // less; of electricity
    std::optional<double> carbon_g_kwh = {};   // less; of the grid
    std::optional<double> capex_eur_kw = {};   // less; of IT power
};

// Each from 0 to 1, together 1 (within 1e-9).
struct SitingWeights {
    double accessible_mw = 0;
    double lead_years = 0;
    double fibre_gbit_s = 0;
    double sovereignty = 0;
    double price_eur_mwh = 0;
    double carbon_g_kwh = 0;
    double capex_eur_kw = 0;
};

struct ScoreTerm {
    std::string_view name = {};  // as the members above
    double weight = 0;           // as given
    std::optional<double> value = {};
    std::optional<double> normalised =
        {};                             // 0 the worst candidate's to 1 the best's; 1 where all are the same
    std::optional<double> points = {};  // what it adds to the score
};

struct SiteScore {
    std::string id = {};
    std::optional<double> score = {};  // 0 to 1; none: nothing with a weight is known
    double known_weight = 0;           // of 1; below 1 the score leaves something out
    std::vector<ScoreTerm> terms = {};
};

// The best first, ties and candidates without a score by id.
// bad_input: weights that are negative or do not sum to 1 (told with their sum), a value that is not finite,
// two candidates of one id.
Result<std::vector<SiteScore>> score_sites(const std::vector<SitingCandidate>& candidates,
                                           const SitingWeights& weights);

}  // namespace euromesh::planner
