// The outer step: from a weighted mean of pseudo-gradients to the next outer parameters.
//
// Formulas. D = theta_start - theta_local (pseudo_gradient), D_mean = sum of weight * D over sites, then
//   mean      theta <- theta - lr * D_mean                          (lr = 1: plain averaging, FedAvg)
//   nesterov  b <- mu b + D_mean;  theta <- theta - lr (D_mean + mu b)
// the latter with the semantics of torch.optim.SGD(nesterov=True), b = 0 before the first step
// (arXiv 2311.08105 uses lr 0.7, mu 0.9). With a rate, mean is plain SGD: the outer step of SparseLoCo
// (arXiv 2508.15706), where what momentum would do is done by error feedback (codec_feedback.hpp).
//
// Delayed Nesterov (arXiv 2401.09135, algorithm 3 with c = 0) takes the momentum up only in every N-th round,
// so that stale pseudo-gradients are not each carried on by it. With S the sum of D_mean since it last did:
//   S <- S + D_mean;  in round t with (t + 1) mod N != 0:  theta <- theta - lr D_mean
//   otherwise:        b <- mu b + S;  theta <- theta - lr (D_mean + mu b);  S <- 0
// N = 1 is Nesterov, bit by bit. There D is one worker's pseudo-gradient over N, which is its weight in a
// mean over N workers; here it is the weighted mean of the round, so that the rate means the same for all N:
// the gain of a constant D is lr / (1 - mu) a round in the long run, as Nesterov's is.
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
#include "sync/fragment.hpp"

namespace euromesh::sync {

enum class OuterKind { nesterov, mean, delayed_nesterov };

std::string_view name_of(OuterKind kind);
Result<OuterKind> parse_outer_kind(std::string_view text);

struct OuterConfig {
    OuterKind kind = OuterKind::nesterov;
    double lr = 0.7;
    double momentum = 0.9;    // not of mean
    std::uint64_t delay = 1;  // N of delayed_nesterov; 1 otherwise
    bool operator==(const OuterConfig&) const = default;
};

// What all sites agree on between rounds. `momentum` has as many values as `params`; all zero at first. So
// has `delayed`, the S of delayed Nesterov, which the other kinds leave empty.
struct OuterState {
    std::vector<float> params = {};
    std::vector<float> momentum = {};
    std::vector<float> delayed = {};

    static OuterState from(std::span<const float> params) {
        return {
            std::vector<float>(params.begin(), params.end()), std::vector<float>(params.size(), 0.0f), {}};
    }
    bool operator==(const OuterState&) const = default;
};

bool share_memory(std::span<const float> a, std::span<const float> b);

// out[i] = start[i] - local[i]; three buffers of one size that do not overlap (asserted).
void pseudo_gradient(std::span<const float> start, std::span<const float> local, std::span<float> out);

// One outer step of the values in `params` and `momentum`; `mean` is D_mean. Not of delayed Nesterov
// (asserted).
void outer_step(const OuterConfig& config, std::span<const float> mean, std::span<float> params,
                std::span<float> momentum);

// The outer step of round `round` (the first is 0), of any kind. The state has what its kind needs
// (asserted).
void outer_step(const OuterConfig& config, std::uint64_t round, std::span<const float> mean,
                OuterState& state);

// The same of one fragment only: `mean` has its values one after another, the rest of the state stays.
void outer_step(const OuterConfig& config, std::uint64_t round, const Fragment& fragment,
                std::span<const float> mean, OuterState& state);

// Makes `state` one that a run of this kind can go on with at `round`: a new run's state gets its empty sum.
// bad_input: a later state that has no sum where the kind needs one, or has one where it does not.
Status prepare_state(const OuterConfig& config, std::uint64_t round, OuterState& state);

// XXH3-128 over params, momentum and, where there is one, the delayed sum, as 32 hexadecimal digits: equal on
// all sites after every round.
std::string state_digest(const OuterState& state);

// bad_input: learning rate not in (0, 10], momentum not in [0, 1), delay not in [1, 1000] or not of this
// kind.
Status check(const OuterConfig& config);

// How much a site's pseudo-gradient counts: by its tokens, by tokens^2 / inner steps (quantity times tokens
// per step, arXiv 2604.21428), equally, or so that each inner step counts the same, whenever it comes in: by
// tokens / inner steps, and members that missed the round count as zero.
enum class WeightRule { tokens, equal, tokens2_per_step, each_step };

std::string_view name_of(WeightRule rule);
Result<WeightRule> parse_weight_rule(std::string_view text);

// What a site did since the round before.
struct SiteWork {
    std::uint64_t tokens = 0;
    std::uint64_t inner_steps = 0;
};

// score / sum of scores, in the order given; adds up to 1 within rounding, by each_step to n / (n + absent)
// for n that are given and `absent` members that missed the round (other rules do not look at it). At least
// one, and in each tokens and inner steps > 0 (asserted).
std::vector<double> weights_of(WeightRule rule, std::span<const SiteWork> work, std::uint64_t absent = 0);

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
    // are of one length. 1 for the plain mean. Of delayed Nesterov the mean over N rounds whose
    // pseudo-gradients are of one length and all at cosine c: 1 + (mu (1 + (N - 1) c) + mu^2 N c) / N.
    double effective_gain = 1;
};

// 0 when one of them is all zeros.
double cosine(std::span<const float> a, std::span<const float> b);
double norm(std::span<const float> values);

OuterDiagnostics diagnose(const OuterConfig& config, std::span<const float> mean,
                          std::span<const float> previous_mean);

}  // namespace euromesh::sync
