// The inner loops of the codecs, compiled for several vector widths and chosen when the program runs.
//
// Why apart from codec.cpp: a test compares every variant that this machine has, bit by bit, with a naive
// reference. The source is the same for all variants; no variant may contract or reorder floating point.
// Thread rule: pure functions on buffers that do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace euromesh::sync {

// int8, int4 and e3m0: so many values share a scale, which stands in front of them.
inline constexpr std::size_t scaled_block = 256;
inline constexpr std::size_t scale_bytes = sizeof(float);

// The loops of one codec. Accumulate: sum[i] += weight * decoded[i], each operation rounded to fp32.
struct CodecLoops {
    void (*encode)(const float* values, std::byte* bytes, std::size_t count);
    void (*decode)(const std::byte* bytes, float* values, std::size_t count);
    void (*accumulate)(const std::byte* bytes, float weight, float* sum, std::size_t count);
};

struct CodecKernels {
    std::string_view name;
    bool (*all_finite)(const float* values, std::size_t count);
    void (*fp32_accumulate)(const std::byte* bytes, float weight, float* sum, std::size_t count);
    CodecLoops bf16;
    CodecLoops fp16;
    CodecLoops int8;
    CodecLoops int4;
    CodecLoops e3m0;
    // places[0 .. keep): where the `keep` largest magnitudes stand, ascending; of equal ones the first. NaN
    // is larger than all. 0 < keep <= count <= 65,536.
    void (*select_largest)(const float* values, std::size_t count, std::size_t keep, std::uint16_t* places);
};

// Those that this machine can run: the baseline first, the fastest last.
std::span<const CodecKernels> codec_kernels();

}  // namespace euromesh::sync
