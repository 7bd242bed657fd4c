// The sparse codec: of every chunk of 4,096 values the 64 of largest magnitude, 2 bits and a place for each.
//
// Why: 141 times fewer bytes than fp32, for lines on which even 4 bits a value are too many. What is not kept
// decodes to 0, so it needs error feedback (codec_feedback.hpp): without it, values that are never among the
// largest are never sent. That is why it is not in codec_names(). After SparseLoCo (arXiv 2508.15706), which
// keeps 64 of 4,096 with 12 + 2 bits each; the two levels are ours.
//
// On the wire, little-endian: each chunk, also a shorter last one, is 116 bytes:
//   2 x 2 bytes  two levels as bf16: low, high
//   96 bytes     64 places within the chunk, 12 bits each, ascending
//   16 bytes     64 codes of 2 bits: + 1 if the high level, + 2 if negative
// Of equal magnitudes the first are kept. A chunk of fewer than 64 values keeps all; unused room is zero.
// With m and M the smallest and largest magnitude kept, those above (m + M)/2 are high, and a level is the
// mean magnitude of what it stands for (summed in double precision in the order of places, rounded to fp32,
// then to bf16).
//
// Error: a value that is kept at most (M - m)/2 + 2^-8 M, any other |x| <= m. As levels are means, the sum of
// squares of what is left of a chunk is smaller than that of the chunk.
//
// Invariants: those of codec.hpp, and
// - A value that is not finite makes both levels NaN, so is_finite(bytes) false; which of more than 64 such
//   values decode to NaN is as stated above.
// - A place that is not above the one before it, or not within the chunk, is passed over in decoding and
//   makes is_finite false: no encoder writes it.
// - accumulate leaves a value alone whose decoded value is 0.
#pragma once

#include "sync/codec.hpp"

namespace euromesh::sync {

inline constexpr std::size_t topk_chunk = 4096;
inline constexpr std::size_t topk_kept = 64;
inline constexpr std::size_t topk_chunk_bytes = 2 * 2 + topk_kept * 12 / 8 + topk_kept * 2 / 8;

// Its name is "topk". The object lives as long as the program.
const Codec& topk_codec();

}  // namespace euromesh::sync
