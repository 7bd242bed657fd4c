// Training while an outer step is under way: when its result is taken up, and how.
//
// Why: a site that waits for the exchange computes nothing. With an overlap of tau inner steps it sends its
// pseudo-gradient, trains on, and takes the result tau steps later into parameters that have moved on.
//
// Overlap of tau < H steps: theta~ the outer parameters that came of the exchange, theta_m those of site m at
// the time of merging, theta_sent what they were when the pseudo-gradient was taken. Two rules:
//   rebase  theta_m <- theta~ + (theta_m - theta_sent)
//   mix     theta_m <- alpha theta_m + (1 - alpha) theta~     (Streaming DiLoCo, arXiv 2501.18512: alpha 0.5)
// Rebase keeps the tau fresh steps and takes everything else from the outer parameters, so that each inner
// step counts once; a mix keeps a part of what was sent already, which is sent again with the next
// pseudo-gradient (docs/models/convergence.md has both measured). Overlap of a whole round (eager updates,
// arXiv 2502.12996): at the end of round t the mean of round t - 1 has just arrived. The own part of it is
// replaced by the fresh one, w_m the own weight in that mean:
//   D_m(t) = D_mean(t-1) + w_m (D_m(t) - D_m(t-1))
// that is the sum of w_i D_i(t-1) over the others, and w_m D_m(t). D_m(t) is then what the own outer step
// takes for D_mean: outer states differ between sites until the mean of round t has come everywhere.
//
// Every operation is rounded to fp32 in the order of the formulas below; the same input gives the same bits
// on every machine. Pure functions; buffers of one size that do not overlap (asserted). Thread rule: none
// shared. It does not decide tau or alpha, nor keep the pseudo-gradient that is under way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::sync {

struct OverlapConfig {
    std::uint64_t tau = 0;  // inner steps from sending to merging; 0: the site waits
    double alpha = 0.5;     // how much of the own parameters stays; used when tau > 0
    bool operator==(const OverlapConfig&) const = default;
};

// bad_input: alpha not in [0, 1], or tau not below the fewest inner steps of a round (a result must be merged
// before the next pseudo-gradient is taken).
Status check(const OverlapConfig& config, std::uint64_t inner_steps_least);

// What a site does after `step` inner steps of a round (1 to H, or 0 before the first).
struct OverlapMoment {
    bool merge = false;  // the result of the round before; it was sent tau steps ago
    bool send = false;   // the pseudo-gradient of this round
    bool operator==(const OverlapMoment&) const = default;
};
// With tau = 0 the result is merged at step 0 of the next round, before any training. Round 0 merges nothing.
// step <= inner_steps (asserted).
OverlapMoment overlap_moment(const OverlapConfig& config, std::uint64_t round, std::uint64_t step,
                             std::uint64_t inner_steps);

// local[i] <- merged[i] + alpha (local[i] - merged[i]), which is the mix above. alpha = 1 leaves every bit of
// `local` as it is, alpha = 0 makes it `merged` exactly. alpha in [0, 1] (asserted).
void overlap_mix(double alpha, std::span<const float> merged, std::span<float> local);

enum class MergeRule { rebase, mix };
std::string_view name_of(MergeRule rule);
// bad_input: names the ones that exist.
Result<MergeRule> parse_merge_rule(std::string_view text);

// local[i] <- merged[i] + (local[i] - sent[i]). local equal to `sent` becomes `merged` exactly.
void overlap_rebase(std::span<const float> sent, std::span<const float> merged, std::span<float> local);

// mean[i] <- mean[i] + weight (fresh[i] - stale[i]): `mean` is D_mean(t-1) and becomes D_m(t); `stale` is the
// own D_m(t-1) as it went into that mean (after coding and decoding, where a codec is lossy), `fresh` the own
// pseudo-gradient of now. weight in [0, 1] (asserted); with 1, a run of one site, `mean` becomes `fresh`
// exactly.
void eager_mean(double weight, std::span<const float> stale, std::span<const float> fresh,
                std::span<float> mean);

}  // namespace euromesh::sync
