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

inline constexpr std::size_t int8_block = 256;
inline constexpr std::size_t int8_header = sizeof(float);

struct CodecKernels {
    std::string_view name;
    bool (*all_finite)(const float* values, std::size_t count);
    void (*fp32_accumulate)(const std::byte* bytes, float weight, float* sum, std::size_t count);
    void (*bf16_encode)(const float* values, std::byte* bytes, std::size_t count);
    void (*bf16_decode)(const std::byte* bytes, float* values, std::size_t count);
    void (*bf16_accumulate)(const std::byte* bytes, float weight, float* sum, std::size_t count);
    void (*int8_encode)(const float* values, std::byte* bytes, std::size_t count);
    void (*int8_decode)(const std::byte* bytes, float* values, std::size_t count);
    void (*int8_accumulate)(const std::byte* bytes, float weight, float* sum, std::size_t count);
};

// Those that this machine can run: the baseline first, the fastest last.
std::span<const CodecKernels> codec_kernels();

}  // namespace euromesh::sync
