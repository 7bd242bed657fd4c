#include "sync/codec_kernels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

namespace euromesh::sync {
namespace {

static_assert(std::endian::native == std::endian::little, "the wire format is this machine's memory format");

#define EM_INLINE [[gnu::always_inline]] inline

constexpr std::uint32_t magnitude_mask = 0x7fffffffu;
constexpr std::uint32_t infinity_bits = 0x7f800000u;

// Blocks outside these magnitudes have no exact scale: see codec.hpp.
constexpr std::int32_t int8_least = std::bit_cast<std::int32_t>(0x1p-119f);
constexpr std::int32_t int8_most = std::bit_cast<std::int32_t>(0x1.fp127f);

// Adding and taking away 1.5 x 2^23 rounds to the nearest even integer with the baseline's instructions, and
// leaves that integer in the low bits.
constexpr float rounder = 0x1.8p23f;
constexpr std::int32_t rounder_bits = std::bit_cast<std::int32_t>(rounder);

EM_INLINE float load_float(const std::byte* bytes) {
    float value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

EM_INLINE bool all_finite_body(const float* values, std::size_t count) {
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < count; ++i) {
        bad |= (std::bit_cast<std::uint32_t>(values[i]) & magnitude_mask) >= infinity_bits ? 1u : 0u;
    }
    return bad == 0;
}

EM_INLINE void fp32_accumulate_body(const std::byte* __restrict bytes, float weight, float* __restrict sum,
                                    std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) sum[i] += weight * load_float(bytes + 4 * i);
}

EM_INLINE std::uint16_t to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const std::uint32_t quiet_nan = (bits >> 16) | 0x40u;
    return static_cast<std::uint16_t>((bits & magnitude_mask) > infinity_bits ? quiet_nan : rounded);
}

EM_INLINE float from_bf16(const std::byte* bytes) {
    std::uint16_t half;
    std::memcpy(&half, bytes, sizeof half);
    return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

EM_INLINE void bf16_encode_body(const float* __restrict values, std::byte* __restrict bytes,
                                std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint16_t half = to_bf16(values[i]);
        std::memcpy(bytes + 2 * i, &half, sizeof half);
    }
}

EM_INLINE void bf16_decode_body(const std::byte* __restrict bytes, float* __restrict values,
                                std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values[i] = from_bf16(bytes + 2 * i);
}

EM_INLINE void bf16_accumulate_body(const std::byte* __restrict bytes, float weight, float* __restrict sum,
                                    std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) sum[i] += weight * from_bf16(bytes + 2 * i);
}

EM_INLINE std::int32_t largest_magnitude(const float* values, std::size_t count) {
    std::int32_t largest = 0;  // bits of floats without sign order like the floats; NaN comes last
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(values[i]) & magnitude_mask);
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

EM_INLINE void int8_quantise(const float* __restrict values, float inverse, std::byte* __restrict bytes,
                             std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<std::int32_t>(values[i] * inverse + rounder);
        bytes[i] = static_cast<std::byte>(static_cast<std::uint8_t>(bits - rounder_bits));
    }
}

EM_INLINE void int8_encode_block(const float* __restrict values, std::byte* __restrict bytes,
                                 std::size_t count) {
    const std::int32_t largest = largest_magnitude(values, count);
    const float magnitude = std::bit_cast<float>(largest);
    float scale = magnitude / 127.0f;
    if (largest < int8_least) scale = 0.0f;
    if (largest > int8_most) scale = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(bytes, &scale, sizeof scale);
    if (largest < int8_least || largest > int8_most) {
        std::memset(bytes + int8_header, 0, count);
    } else {
        int8_quantise(values, 127.0f / magnitude, bytes + int8_header, count);
    }
}

EM_INLINE float from_int8(std::byte byte, float scale) {
    return static_cast<float>(static_cast<std::int32_t>(static_cast<std::int8_t>(byte))) * scale;
}

EM_INLINE void int8_decode_block(const std::byte* __restrict bytes, float* __restrict values,
                                 std::size_t count) {
    const float scale = load_float(bytes);
    for (std::size_t i = 0; i < count; ++i) values[i] = from_int8(bytes[int8_header + i], scale);
}

EM_INLINE void int8_accumulate_block(const std::byte* __restrict bytes, float weight, float* __restrict sum,
                                     std::size_t count) {
    const float scale = load_float(bytes);
    for (std::size_t i = 0; i < count; ++i) sum[i] += weight * from_int8(bytes[int8_header + i], scale);
}

// One set of kernels for one kind of machine. The bodies are inlined, so that they are compiled for it.
#define EM_KERNELS(suffix, target)                                                               \
    target bool all_finite_##suffix(const float* v, std::size_t n) {                             \
        return all_finite_body(v, n);                                                            \
    }                                                                                            \
    target void fp32_accumulate_##suffix(const std::byte* b, float w, float* s, std::size_t n) { \
        fp32_accumulate_body(b, w, s, n);                                                        \
    }                                                                                            \
    target void bf16_encode_##suffix(const float* v, std::byte* b, std::size_t n) {              \
        bf16_encode_body(v, b, n);                                                               \
    }                                                                                            \
    target void bf16_decode_##suffix(const std::byte* b, float* v, std::size_t n) {              \
        bf16_decode_body(b, v, n);                                                               \
    }                                                                                            \
    target void bf16_accumulate_##suffix(const std::byte* b, float w, float* s, std::size_t n) { \
        bf16_accumulate_body(b, w, s, n);                                                        \
    }                                                                                            \
    target void int8_encode_##suffix(const float* v, std::byte* b, std::size_t n) {              \
        std::size_t i = 0, at = 0;                                                               \
        for (; n - i >= int8_block; i += int8_block, at += int8_header + int8_block)             \
            int8_encode_block(v + i, b + at, int8_block);                                        \
        if (i < n) int8_encode_block(v + i, b + at, n - i);                                      \
    }                                                                                            \
    target void int8_decode_##suffix(const std::byte* b, float* v, std::size_t n) {              \
        std::size_t i = 0, at = 0;                                                               \
        for (; n - i >= int8_block; i += int8_block, at += int8_header + int8_block)             \
            int8_decode_block(b + at, v + i, int8_block);                                        \
        if (i < n) int8_decode_block(b + at, v + i, n - i);                                      \
    }                                                                                            \
    target void int8_accumulate_##suffix(const std::byte* b, float w, float* s, std::size_t n) { \
        std::size_t i = 0, at = 0;                                                               \
        for (; n - i >= int8_block; i += int8_block, at += int8_header + int8_block)             \
            int8_accumulate_block(b + at, w, s + i, int8_block);                                 \
        if (i < n) int8_accumulate_block(b + at, w, s + i, n - i);                               \
    }                                                                                            \
    constexpr CodecKernels kernels_##suffix{#suffix,                                             \
                                            all_finite_##suffix,                                 \
                                            fp32_accumulate_##suffix,                            \
                                            bf16_encode_##suffix,                                \
                                            bf16_decode_##suffix,                                \
                                            bf16_accumulate_##suffix,                            \
                                            int8_encode_##suffix,                                \
                                            int8_decode_##suffix,                                \
                                            int8_accumulate_##suffix};

EM_KERNELS(baseline, )
#if defined(__x86_64__)
EM_KERNELS(avx2, [[gnu::target("avx2")]])
EM_KERNELS(avx512, [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,prefer-vector-width=512")]])
#endif

struct Available {
    std::array<CodecKernels, 3> kernels{kernels_baseline, kernels_baseline, kernels_baseline};
    std::size_t count = 1;

    Available() {
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2")) kernels[count++] = kernels_avx2;
        if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq")) {
            kernels[count++] = kernels_avx512;
        }
#endif
    }
};

}  // namespace

std::span<const CodecKernels> codec_kernels() {
    static const Available available;
    return {available.kernels.data(), available.count};
}

}  // namespace euromesh::sync
