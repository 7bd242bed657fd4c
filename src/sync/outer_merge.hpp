// Radial-directional averaging (RDA): one pseudo-gradient from those of all sites, lengths and directions
// apart.
//
// Why: pseudo-gradients of sites with other data are nearly at right angles, so that a mean of M of them is
// about sqrt(M) times shorter than each, and the outer rate would have to follow the number of sites. RDA
// (Decoupled DiLoCo, arXiv 2604.21428) keeps the length: for each tensor, with v_m of site m, weight w_m,
// |v| the Euclidean norm, unit(v) = v / |v| and unit(0) = 0,
//   merged = (sum_m w_m |v_m| / sum_m w_m) * unit(sum_m w_m unit(v_m))
// Embeddings (of tokens, and the output matrix) take the plain weighted mean sum_m w_m v_m / sum_m w_m: their
// rows are of the tokens that a site has seen, and not at right angles.
//
// Two ways to the same result. rda_merge() has all vectors at hand. Where only a weighted sum can be had, as
// from a reduce-scatter, each site gives rda_directions() to the sum and its rda_lengths() to a second, small
// one (a value for each tensor, in fp32), and all take rda_join() of the two sums.
//
// Exactness: products and sums are in double precision in the order of sites and of values, each result is
// rounded to fp32 once; the same input gives the same bits on every machine. A direction of which less than
// 1e-6 is left (sites that cancel out) is the rounding of its parts, and gives zeros as unit(0) does.
//
// Pure functions. Buffers of one layout (asserted); an output does not overlap an input. Thread rule: none
// shared. It does not gate: a value that is not finite spoils its tensor.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "contract/layout.hpp"

namespace euromesh::sync {

enum class MergeRule { rda, mean };

// By the Hugging Face name of the tensor: mean of `embed_tokens` and `lm_head`.
MergeRule merge_rule_of(std::string_view tensor);

// One vector and one weight > 0 a site; the weights need not add up to 1. All of the layout's size.
void rda_merge(const contract::Layout& layout, std::span<const std::span<const float>> vectors,
               std::span<const double> weights, std::span<float> merged);

// unit(v) of each RDA tensor; the others as they are. What a site gives to the large sum.
void rda_directions(const contract::Layout& layout, std::span<const float> vector, std::span<float> out);
// |v| of each tensor: what it gives to the small sum.
std::vector<float> rda_lengths(const contract::Layout& layout, std::span<const float> vector);
// From the two weighted sums (weights that add up to 1) the merged vector, in place of the first.
void rda_join(const contract::Layout& layout, std::span<const float> lengths, std::span<float> directions);

}  // namespace euromesh::sync
