#include "planner/convergence.hpp"

#include <algorithm>
#include <cmath>

namespace euromesh::planner {
namespace {

// L = A N^a for data parallelism and for M = 2, 4, 8 replicas at H = 30: arXiv 2503.09799, table 7. Held as
// ln(A_M / A_DP) and a_M - a_DP.
struct Fit {
    double log_factor;
    double exponent;
};
const double data_parallel_factor = 18.129;
constexpr double data_parallel_exponent = -0.0953;
const Fit fit_of_2 = {std::log(18.768 / data_parallel_factor), -0.0969 - data_parallel_exponent};
const Fit fit_of_4 = {std::log(19.762 / data_parallel_factor), -0.0992 - data_parallel_exponent};
const Fit fit_of_8 = {std::log(21.051 / data_parallel_factor), -0.1018 - data_parallel_exponent};

// At 10B, the largest model that was measured (table 5), M = 2 lies below data parallelism and M = 4 lies
// 0.29 % above it: that much a doubling.
constexpr double measured_per_doubling = 0.0029;

// A loss gap grows with H: DiLoCo, arXiv 2311.08105 section 3.1: 150M parameters, 8 replicas, perplexity
// 2.9 % higher at H = 1000 than at 50, that is ln 1.029 nats of about 2.71, 1.06 % of the loss. Over
// log2(20) doublings and the gap of 2.7 % that the fit gives for this model: 0.09 of the gap a doubling.
constexpr double gap_per_doubling_of_steps = 0.09;
constexpr double steps_of_the_fits = 30;

// d ln(loss) / d ln(compute) of data parallelism: 2.326 at 2.4B and 2.090 at 10B (tables 4 and 5), with
// compute proportional to N^2 at 20 tokens a parameter.
constexpr double loss_exponent_in_compute = 0.0375;

double value_of(const Fit& fit, double log_parameters) {
    return fit.log_factor + fit.exponent * log_parameters;
}

// Linear in log2 M between the fits, 0 at one site, and on with the last slope beyond 8.
double fitted_log_ratio(const GapTerms& terms, double doublings) {
    if (doublings <= 1) return doublings * terms.at_2;
    if (doublings <= 2) return terms.at_2 + (doublings - 1) * (terms.at_4 - terms.at_2);
    return terms.at_4 + (doublings - 2) * (terms.at_8 - terms.at_4);
}

struct Gaps {
    double optimistic = 0;
    double central = 0;
};

Gaps gaps_of(const GapTerms& terms, double doublings) {
    const double fitted = std::max(0.0, fitted_log_ratio(terms, doublings));
    const double measured = measured_per_doubling * std::max(0.0, doublings - 1);
    return {fitted * terms.steps_factor, std::max(fitted, measured) * terms.steps_factor};
}

Gaps gaps_of(double parameters, double sites, double inner_steps) {
    if (sites <= 1) return {};
    return gaps_of(gap_terms(parameters, inner_steps), std::log2(sites));
}

double published_for(const PublishedPenalty& constants, double doublings_of_steps, double doublings) {
    const double grown = constants.alpha0 + constants.per_doubling_of_steps * doublings_of_steps +
                         constants.per_doubling_of_sites * doublings;
    return std::clamp(grown, 1.0, constants.most);
}

constexpr double steps_of_the_published_formula = 500;

}  // namespace

double optimistic_log_loss_ratio(double parameters, double sites, double inner_steps) {
    return gaps_of(parameters, sites, inner_steps).optimistic;
}

double central_log_loss_ratio(double parameters, double sites, double inner_steps) {
    return gaps_of(parameters, sites, inner_steps).central;
}

double compute_for_log_loss_ratio(double log_loss_ratio) {
    return std::exp(log_loss_ratio / loss_exponent_in_compute);
}

double published_penalty(const PublishedPenalty& constants, double sites, double inner_steps) {
    return published_for(constants, std::log2(inner_steps / steps_of_the_published_formula),
                         std::log2(sites));
}

GapTerms gap_terms(double parameters, double inner_steps) {
    const double log_parameters = std::log(parameters);
    const double beyond = std::max(0.0, std::log2(inner_steps / steps_of_the_fits));
    return {.at_2 = value_of(fit_of_2, log_parameters),
            .at_4 = value_of(fit_of_4, log_parameters),
            .at_8 = value_of(fit_of_8, log_parameters),
            .steps_factor = 1 + gap_per_doubling_of_steps * beyond,
            .published_doublings = std::log2(inner_steps / steps_of_the_published_formula)};
}

double convergence_penalty(const GapTerms& terms, double sites, double scale) {
    if (sites <= 1) return 1;
    const double doublings = std::log2(sites);
    const Gaps gaps = gaps_of(terms, doublings);
    const double central = compute_for_log_loss_ratio(gaps.central);
    if (scale <= 1) {
        const double optimistic = gaps.optimistic > 0 ? compute_for_log_loss_ratio(gaps.optimistic) : 1;
        return optimistic + std::max(0.0, scale) * (central - optimistic);
    }
    // Twice the gap, thus the square, stands for what was never measured: many sites and a large model at
    // once.
    const double pessimistic =
        std::max(central * central, published_for({}, terms.published_doublings, doublings));
    return central + std::min(scale - 1, 1.0) * (pessimistic - central);
}

double convergence_penalty(double parameters, double sites, double inner_steps, double scale) {
    return convergence_penalty(gap_terms(parameters, inner_steps), sites, scale);
}

}  // namespace euromesh::planner
