#include "sync/codec_kernels.hpp"

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

// Adding and taking away 1.5 x 2^23 rounds to the nearest even integer with the baseline's instructions, and
// leaves that integer in the low bits.
constexpr float rounder = 0x1.8p23f;

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

struct Bf16 {
    EM_INLINE static std::uint16_t from(float value) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
        const std::uint32_t quiet_nan = (bits >> 16) | 0x40u;
        return static_cast<std::uint16_t>((bits & magnitude_mask) > infinity_bits ? quiet_nan : rounded);
    }
    EM_INLINE static float to(std::uint16_t half) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
    }
};

// a < b ? yes : no, for a and b of at least 0. Without a branch even where a conditional becomes one, which
// keeps the loop from becoming vectors.
EM_INLINE std::int32_t if_less(std::int32_t a, std::int32_t b, std::int32_t yes, std::int32_t no) {
    const std::int32_t mask = (a - b) >> 31;
    return (yes & mask) | (no & ~mask);
}

// Three ranges, all computed and one chosen.
struct Fp16 {
    // A float of this size has its last place where a half without leading one has it, at 2^-24.
    static constexpr float subnormal_rounder = 0x1p-1f;
    static constexpr std::int32_t least_normal = std::bit_cast<std::int32_t>(0x1p-14f);
    static constexpr std::int32_t infinite = std::bit_cast<std::int32_t>(0x1p16f);
    static constexpr std::int32_t exponent_shift = 112 << 23;  // from the bias 15 to 127
    static constexpr auto float_infinity = static_cast<std::int32_t>(infinity_bits);

    EM_INLINE static std::uint16_t from(float value) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        const auto magnitude = static_cast<std::int32_t>(bits & magnitude_mask);
        const std::int32_t normal = (magnitude - exponent_shift + 0xfff + ((magnitude >> 13) & 1)) >> 13;
        const float rounded = std::bit_cast<float>(magnitude) + subnormal_rounder;
        const std::int32_t subnormal =
            std::bit_cast<std::int32_t>(rounded) - std::bit_cast<std::int32_t>(subnormal_rounder);
        const std::int32_t beyond = if_less(float_infinity, magnitude, 0x7e00, 0x7c00);
        const std::int32_t finite = if_less(magnitude, least_normal, subnormal, normal);
        const std::int32_t chosen = if_less(magnitude, infinite, finite, beyond);
        return static_cast<std::uint16_t>(static_cast<std::uint32_t>(chosen) | (bits >> 16 & 0x8000u));
    }
    EM_INLINE static float to(std::uint16_t half) {
        const std::int32_t placed = (half & 0x7fff) << 13;
        const float subnormal = std::bit_cast<float>(placed + least_normal) - 0x1p-14f;
        const std::int32_t normal = placed + exponent_shift;
        const std::int32_t beyond = placed | float_infinity;
        const std::int32_t finite = if_less(placed, 1 << 23, std::bit_cast<std::int32_t>(subnormal), normal);
        const std::int32_t chosen = if_less(placed, 31 << 23, finite, beyond);
        const std::uint32_t sign = (half & 0x8000u) << 16;
        return std::bit_cast<float>(static_cast<std::uint32_t>(chosen) | sign);
    }
};

template <class Half>
EM_INLINE void encode_body(const float* __restrict values, std::byte* __restrict bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint16_t half = Half::from(values[i]);
        std::memcpy(bytes + 2 * i, &half, sizeof half);
    }
}

template <class Half>
EM_INLINE float load_half(const std::byte* bytes) {
    std::uint16_t half;
    std::memcpy(&half, bytes, sizeof half);
    return Half::to(half);
}

template <class Half>
EM_INLINE void decode_body(const std::byte* __restrict bytes, float* __restrict values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values[i] = load_half<Half>(bytes + 2 * i);
}

template <class Half>
EM_INLINE void accumulate_body(const std::byte* __restrict bytes, float weight, float* __restrict sum,
                               std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) sum[i] += weight * load_half<Half>(bytes + 2 * i);
}

// Codes of values divided by their block's scale. A code is computed with more bits than are kept.
// scale_of(M) is exact to half a place and a code's product with it finite for M in [least, most].
constexpr float least_largest = 0x1p-119f;

template <int levels>
struct Integer {
    static constexpr float top = static_cast<float>(levels);

    EM_INLINE static float scale_of(float largest) { return largest / top; }
    EM_INLINE static float inverse_of(float largest) { return top / largest; }
    EM_INLINE static std::uint32_t code(float value, float inverse) {
        return std::bit_cast<std::uint32_t>(value * inverse + rounder);
    }
};

struct Int8 : Integer<127> {
    static constexpr float most_largest = 0x1.fp127f;

    EM_INLINE static float value(std::uint32_t code, float scale) {
        return static_cast<float>(static_cast<std::int32_t>(code << 24) >> 24) * scale;
    }
};

struct Int4 : Integer<7> {
    static constexpr float most_largest = 0x1.bffffep127f;

    EM_INLINE static float value(std::uint32_t code, float scale) {
        return static_cast<float>(static_cast<std::int32_t>(code << 28) >> 28) * scale;
    }
};

struct E3m0 {
    static constexpr float most_largest = std::numeric_limits<float>::max();

    EM_INLINE static float scale_of(float largest) { return largest / 64.0f; }
    EM_INLINE static float inverse_of(float largest) { return 64.0f / largest; }
    // Half of a leading one's worth of mantissa added carries into the exponent from 1.5 x 2^k on.
    EM_INLINE static std::uint32_t code(float value, float inverse) {
        const auto bits = std::bit_cast<std::uint32_t>(value * inverse);
        const auto magnitude = static_cast<std::int32_t>(bits & magnitude_mask);
        const std::int32_t exponent = ((magnitude + 0x400000) >> 23) - 126;
        const std::int32_t small = if_less(magnitude, std::bit_cast<std::int32_t>(0.5f), 0, 1);
        const std::int32_t power = if_less(magnitude, std::bit_cast<std::int32_t>(1.0f), small, exponent);
        return static_cast<std::uint32_t>(power) | (bits >> 28 & 8u);
    }
    EM_INLINE static float value(std::uint32_t code, float scale) {
        const std::uint32_t power = code & 7u;
        const std::uint32_t magnitude = power == 0 ? 0u : (power + 126u) << 23;
        return std::bit_cast<float>(magnitude | (code & 8u) << 28) * scale;
    }
};

// One byte a value.
struct Bytes {
    static constexpr std::size_t size(std::size_t count) { return count; }

    template <class Value>
    EM_INLINE static void pack(const float* __restrict values, float inverse, std::byte* __restrict bytes,
                               std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            bytes[i] = static_cast<std::byte>(Value::code(values[i], inverse));
    }
    template <class Value, class Take>
    EM_INLINE static void unpack(const std::byte* __restrict bytes, float scale, std::size_t count,
                                 Take take) {
        for (std::size_t i = 0; i < count; ++i)
            take(i, Value::value(std::to_integer<std::uint32_t>(bytes[i]), scale));
    }
};

// Two values a byte: those of the first half of the block low, those of the second half high. So the loop
// goes through both halves in order, without a shuffle.
struct Nibbles {
    static constexpr std::size_t size(std::size_t count) { return (count + 1) / 2; }

    template <class Value>
    EM_INLINE static void pack(const float* __restrict values, float inverse, std::byte* __restrict bytes,
                               std::size_t count) {
        const std::size_t half = size(count), pairs = count / 2;
        for (std::size_t i = 0; i < pairs; ++i) {
            const std::uint32_t low = Value::code(values[i], inverse) & 15u;
            const std::uint32_t high = Value::code(values[half + i], inverse) & 15u;
            bytes[i] = static_cast<std::byte>(low | high << 4);
        }
        if (pairs < half) bytes[pairs] = static_cast<std::byte>(Value::code(values[pairs], inverse) & 15u);
    }
    template <class Value, class Take>
    EM_INLINE static void unpack(const std::byte* __restrict bytes, float scale, std::size_t count,
                                 Take take) {
        const std::size_t half = size(count), pairs = count / 2;
        for (std::size_t i = 0; i < pairs; ++i) {
            const auto both = std::to_integer<std::uint32_t>(bytes[i]);
            take(i, Value::value(both & 15u, scale));
            take(half + i, Value::value(both >> 4, scale));
        }
        if (pairs < half)
            take(pairs, Value::value(std::to_integer<std::uint32_t>(bytes[pairs]) & 15u, scale));
    }
};

EM_INLINE std::int32_t magnitude_of(float value) {
    return static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(value) & magnitude_mask);
}

EM_INLINE std::int32_t largest_magnitude(const float* values, std::size_t count) {
    std::int32_t largest = 0;  // bits of floats without sign order like the floats; NaN comes last
    for (std::size_t i = 0; i < count; ++i) {
        const std::int32_t bits = magnitude_of(values[i]);
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

template <class Value, class Packing>
struct Scaled {
    EM_INLINE static void encode(const float* __restrict values, std::byte* __restrict bytes,
                                 std::size_t count) {
        const std::int32_t largest = largest_magnitude(values, count);
        const float magnitude = std::bit_cast<float>(largest);
        const bool zero = largest < std::bit_cast<std::int32_t>(least_largest);
        const bool beyond = largest > std::bit_cast<std::int32_t>(Value::most_largest);
        float scale = zero ? 0.0f : Value::scale_of(magnitude);
        if (beyond) scale = std::numeric_limits<float>::quiet_NaN();
        std::memcpy(bytes, &scale, sizeof scale);
        if (zero || beyond) {
            std::memset(bytes + scale_bytes, 0, Packing::size(count));
        } else {
            Packing::template pack<Value>(values, Value::inverse_of(magnitude), bytes + scale_bytes, count);
        }
    }
    EM_INLINE static void decode(const std::byte* __restrict bytes, float* __restrict values,
                                 std::size_t count) {
        Packing::template unpack<Value>(
            bytes + scale_bytes, load_float(bytes),
            count, [values](std::size_t i, float value) __attribute__((always_inline)) {
                values[i] = value;
            });
    }
    EM_INLINE static void accumulate(const std::byte* __restrict bytes, float weight, float* __restrict sum,
                                     std::size_t count) {
        Packing::template unpack<Value>(
            bytes + scale_bytes, load_float(bytes), count,
            [ sum, weight ](std::size_t i, float value)
                __attribute__((always_inline)) { sum[i] += weight * value; });
    }
    static constexpr std::size_t whole = scale_bytes + Packing::size(scaled_block);
};

using Int8Blocks = Scaled<Int8, Bytes>;
using Int4Blocks = Scaled<Int4, Nibbles>;
using E3m0Blocks = Scaled<E3m0, Nibbles>;

// Whole blocks with a count that the compiler knows, then the rest.
template <class Blocks>
EM_INLINE void encode_body(const float* values, std::byte* bytes,
                           std::size_t count) requires(Blocks::whole > 0) {
    std::size_t i = 0;
    for (; count - i >= scaled_block; i += scaled_block, bytes += Blocks::whole)
        Blocks::encode(values + i, bytes, scaled_block);
    if (i < count) Blocks::encode(values + i, bytes, count - i);
}

template <class Blocks>
EM_INLINE void decode_body(const std::byte* bytes, float* values,
                           std::size_t count) requires(Blocks::whole > 0) {
    std::size_t i = 0;
    for (; count - i >= scaled_block; i += scaled_block, bytes += Blocks::whole)
        Blocks::decode(bytes, values + i, scaled_block);
    if (i < count) Blocks::decode(bytes, values + i, count - i);
}

template <class Blocks>
EM_INLINE void accumulate_body(const std::byte* bytes, float weight, float* sum,
                               std::size_t count) requires(Blocks::whole > 0) {
    std::size_t i = 0;
    for (; count - i >= scaled_block; i += scaled_block, bytes += Blocks::whole)
        Blocks::accumulate(bytes, weight, sum + i, scaled_block);
    if (i < count) Blocks::accumulate(bytes, weight, sum + i, count - i);
}

EM_INLINE std::size_t count_above(const float* values, std::size_t count, std::int32_t least) {
    std::int32_t above = 0;
    for (std::size_t i = 0; i < count; ++i) above += magnitude_of(values[i]) > least ? 1 : 0;
    return static_cast<std::size_t>(above);
}

// All that are above `least` are among the chosen, and of those equal to it the first `equals`.
struct Cut {
    std::int32_t least;
    std::size_t equals;
};

// By bisection over the bits: a pass that only counts costs a fraction of a pass that moves values. At first
// downward from the largest in growing strides, since the cut mostly lies within a few factors of two of it.
EM_INLINE Cut cut_of_largest(const float* values, std::size_t count, std::size_t keep) {
    std::int32_t upper = largest_magnitude(values, count), lower = -1;  // above(upper) < keep <= above(lower)
    std::size_t above_upper = 0;
    // Above 2^30 a stride has no successor, and none is needed: every step makes `upper` smaller.
    for (std::int32_t stride = 1 << 22; stride <= upper; stride = stride < 1 << 30 ? 2 * stride : stride) {
        const std::size_t above = count_above(values, count, upper - stride);
        if (above >= keep) {
            lower = upper - stride;
            break;
        }
        upper -= stride;
        above_upper = above;
    }
    while (upper - lower > 1) {
        const std::int32_t middle = lower + (upper - lower) / 2;
        const std::size_t above = count_above(values, count, middle);
        if (above == keep) return {middle, 0};
        if (above > keep) {
            lower = middle;
        } else {
            upper = middle;
            above_upper = above;
        }
    }
    return {upper, keep - above_upper};
}

// Marks those that may be chosen, one byte each, then goes from mark to mark, eight bytes at a time.
EM_INLINE void select_largest_body(const float* values, std::size_t count, std::size_t keep,
                                   std::uint16_t* places) {
    constexpr std::size_t part = 512;
    std::array<std::uint8_t, part> marks;
    auto [least, equals] = cut_of_largest(values, count, keep);
    for (std::size_t begin = 0, kept = 0; kept < keep; begin += part) {
        const std::size_t length = count - begin < part ? count - begin : part;
        if (length < part) marks.fill(0);
        for (std::size_t i = 0; i < length; ++i) marks[i] = magnitude_of(values[begin + i]) >= least ? 1 : 0;
        for (std::size_t at = 0; at < length; at += 8) {
            std::uint64_t eight;
            std::memcpy(&eight, marks.data() + at, sizeof eight);
            for (; eight != 0; eight &= eight - 1) {
                const std::size_t i = begin + at + static_cast<std::size_t>(std::countr_zero(eight)) / 8;
                const bool equal = magnitude_of(values[i]) == least;
                if (equal && equals == 0) continue;
                if (equal) --equals;
                places[kept++] = static_cast<std::uint16_t>(i);
            }
        }
    }
}

// One set of kernels for one kind of machine. The bodies are inlined, so that they are compiled for it.
#define EM_LOOPS(codec, Format, suffix, target)                                                     \
    target void codec##_encode_##suffix(const float* v, std::byte* b, std::size_t n) {              \
        encode_body<Format>(v, b, n);                                                               \
    }                                                                                               \
    target void codec##_decode_##suffix(const std::byte* b, float* v, std::size_t n) {              \
        decode_body<Format>(b, v, n);                                                               \
    }                                                                                               \
    target void codec##_accumulate_##suffix(const std::byte* b, float w, float* s, std::size_t n) { \
        accumulate_body<Format>(b, w, s, n);                                                        \
    }                                                                                               \
    constexpr CodecLoops codec##_##suffix{codec##_encode_##suffix, codec##_decode_##suffix,         \
                                          codec##_accumulate_##suffix};

#define EM_KERNELS(suffix, target)                                                                        \
    target bool all_finite_##suffix(const float* v, std::size_t n) {                                      \
        return all_finite_body(v, n);                                                                     \
    }                                                                                                     \
    target void fp32_accumulate_##suffix(const std::byte* b, float w, float* s, std::size_t n) {          \
        fp32_accumulate_body(b, w, s, n);                                                                 \
    }                                                                                                     \
    EM_LOOPS(bf16, Bf16, suffix, target)                                                                  \
    EM_LOOPS(fp16, Fp16, suffix, target)                                                                  \
    EM_LOOPS(int8, Int8Blocks, suffix, target)                                                            \
    EM_LOOPS(int4, Int4Blocks, suffix, target)                                                            \
    EM_LOOPS(e3m0, E3m0Blocks, suffix, target)                                                            \
    target void select_largest_##suffix(const float* v, std::size_t n, std::size_t keep,                  \
                                        std::uint16_t* places) {                                          \
        select_largest_body(v, n, keep, places);                                                          \
    }                                                                                                     \
    constexpr CodecKernels kernels_##suffix{#suffix,       all_finite_##suffix, fp32_accumulate_##suffix, \
                                            bf16_##suffix, fp16_##suffix,       int8_##suffix,            \
                                            int4_##suffix, e3m0_##suffix,       select_largest_##suffix};

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
