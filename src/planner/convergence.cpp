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
double fitted_log_ratio(double log_parameters, double doublings) {
    const double at_2 = value_of(fit_of_2, log_parameters);
    if (doublings <= 1) return doublings * at_2;
    const double at_4 = value_of(fit_of_4, log_parameters);
    if (doublings <= 2) return at_2 + (doublings - 1) * (at_4 - at_2);
    return at_4 + (doublings - 2) * (value_of(fit_of_8, log_parameters) - at_4);
}

double factor_of_steps(double inner_steps) {
    return 1 + gap_per_doubling_of_steps * std::max(0.0, std::log2(inner_steps / steps_of_the_fits));
}

struct Gaps {
    double optimistic = 0;
    double central = 0;
};

Gaps gaps_of(double parameters, double sites, double inner_steps) {
    if (sites <= 1) return {};
    const double doublings = std::log2(sites);
    const double fitted = std::max(0.0, fitted_log_ratio(std::log(parameters), doublings));
    const double measured = measured_per_doubling * std::max(0.0, doublings - 1);
    const double steps = factor_of_steps(inner_steps);
    return {fitted * steps, std::max(fitted, measured) * steps};
}

// Twice the central gap stands for what was never measured: many sites and a large model at once.
constexpr double pessimistic_gap = 2;

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
    const double grown = constants.alpha0 + constants.per_doubling_of_steps * std::log2(inner_steps / 500) +
                         constants.per_doubling_of_sites * std::log2(sites);
    return std::clamp(grown, 1.0, constants.most);
}

double convergence_penalty(double parameters, double sites, double inner_steps, double scale) {
    if (sites <= 1) return 1;
    const Gaps gaps = gaps_of(parameters, sites, inner_steps);
    const double central = compute_for_log_loss_ratio(gaps.central);
    if (scale <= 1) {
        const double optimistic = compute_for_log_loss_ratio(gaps.optimistic);
        return optimistic + std::max(0.0, scale) * (central - optimistic);
    }
    const double pessimistic = std::max(compute_for_log_loss_ratio(pessimistic_gap * gaps.central),
                                        published_penalty({}, sites, inner_steps));
    return central + std::min(scale - 1, 1.0) * (pessimistic - central);
}

}  // namespace euromesh::planner
