#include "planner/critical_batch.hpp"

#include <algorithm>
#include <cmath>

namespace euromesh::planner {
namespace {

// Bergsma et al. 2025, arXiv 2505.13738: B_crit = 0.0471 D^0.462 sequences of 2,048 tokens. Zhang et al.
// 2024, arXiv 2410.21676, find the exponent 0.47 on other data.
constexpr double critical_factor = 0.0471 * 2048;
constexpr double critical_exponent = 0.462;

}  // namespace

double critical_batch_tokens(double training_tokens) {
    return critical_factor * std::pow(training_tokens, critical_exponent);
}

double batch_penalty(double batch_tokens, double training_tokens, double reference_batch_tokens) {
    const double critical = critical_batch_tokens(training_tokens);
    return std::max(1.0, (critical + batch_tokens) / (critical + reference_batch_tokens));
}

BatchNeed batch_need(double accelerators, double tokens_per_accelerator, double training_tokens,
                     double reference_batch_tokens) {
    const double batch = accelerators * tokens_per_accelerator;
    return {batch, batch_penalty(batch, training_tokens, reference_batch_tokens)};
}

}  // namespace euromesh::planner
