// The outer step: from a weighted mean of pseudo-gradients to the next outer parameters.
//
// Formulas. D = theta_start - theta_local (pseudo_gradient), D_mean = sum of weight * D over sites, then
//   mean      theta <- theta - lr * D_mean                          (lr = 1: plain averaging, FedAvg)
//   nesterov  b <- mu b + D_mean;  theta <- theta - lr (D_mean + mu b)
// the latter with the semantics of torch.optim.SGD(nesterov=True), b = 0 before the first step
// (arXiv 2311.08105 uses lr 0.7, mu 0.9).
//
// Pure functions on host buffers. Every operation is rounded to fp32 in a fixed order: the same input gives
// the same bits on every machine. Buffers never overlap: a difference of a buffer with itself is the silent
// fault that turns an outer optimiser into nothing, so it is asserted. Thread rule: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::sync {

enum class OuterKind { nesterov, mean };

std::string_view name_of(OuterKind kind);
Result<OuterKind> parse_outer_kind(std::string_view text);

struct OuterConfig {
    OuterKind kind = OuterKind::nesterov;
    double lr = 0.7;
    double momentum = 0.9;  // nesterov only
    bool operator==(const OuterConfig&) const = default;
};

// What all sites agree on between rounds. `momentum` has as many values as `params`; all zero at first.
struct OuterState {
    std::vector<float> params;
    std::vector<float> momentum;

    static OuterState from(std::span<const float> params) {
        return {std::vector<float>(params.begin(), params.end()), std::vector<float>(params.size(), 0.0f)};
    }
    bool operator==(const OuterState&) const = default;
};

// out[i] = start[i] - local[i]; three buffers of one size that do not overlap (asserted).
void pseudo_gradient(std::span<const float> start, std::span<const float> local, std::span<float> out);

// One outer step of the values in `params` and `momentum`; `mean` is D_mean.
void outer_step(const OuterConfig& config, std::span<const float> mean, std::span<float> params,
                std::span<float> momentum);

// XXH3-128 over params and momentum, as 32 hexadecimal digits: equal on all sites after every round.
std::string state_digest(const OuterState& state);

// bad_input: learning rate not in (0, 10], momentum not in [0, 1).
Status check(const OuterConfig& config);

// How much a site's pseudo-gradient counts.
enum class WeightRule { tokens, equal };

std::string_view name_of(WeightRule rule);
Result<WeightRule> parse_weight_rule(std::string_view text);
// Adds up to 1 within rounding; by tokens: tokens / sum of tokens. tokens.size() > 0, each > 0 (asserted).
std::vector<double> weights_of(WeightRule rule, std::span<const std::uint64_t> tokens);

// Inner steps and outer rate by round: pure, so that all sites agree without talking about it.
struct OuterSchedule {
    std::uint64_t first_inner_steps = 30;  // H of round 0
    std::uint64_t inner_steps = 30;        // H from round growth_rounds on; linear in between
    std::uint64_t growth_rounds = 0;
    double final_lr_fraction = 1.0;  // the outer rate falls linearly to this part of itself ...
    std::uint64_t lr_rounds = 0;     // ... over this many rounds; 0: constant

    std::uint64_t inner_steps_of(std::uint64_t round) const;
    OuterConfig outer_of(const OuterConfig& base, std::uint64_t round) const;
};

// What one outer step looked like, in double precision over all values.
struct OuterDiagnostics {
    double norm = 0;    // |D_mean|
    double cosine = 0;  // of D_mean with that of the round before; 0 in the first
    // Of Nesterov, 1 + mu + mu^2 c: the second step is (1 + mu) D + mu^2 D_before, this much along D if both
    // are of one length. 1 for the plain mean.
    double effective_gain = 1;
};

// 0 when one of them is all zeros.
double cosine(std::span<const float> a, std::span<const float> b);
double norm(std::span<const float> values);

OuterDiagnostics diagnose(const OuterConfig& config, std::span<const float> mean,
                          std::span<const float> previous_mean);

}  // namespace euromesh::sync
