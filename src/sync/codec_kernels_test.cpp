#include "sync/codec_kernels.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/random.hpp"

namespace euromesh::sync {
namespace {

using ByteVector = std::vector<std::byte>;

// Normal numbers; in every fourth block all bit patterns: NaN of any kind, infinities, numbers without
// leading one.
std::vector<float> any_floats(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        const bool any_bits = i / scaled_block % 4 == 3 && random.below(50) == 0;
        const auto bits = static_cast<std::uint32_t>(random.next());
        values[i] = any_bits ? std::bit_cast<float>(bits) : static_cast<float>(random.normal());
    }
    if (count > 600) {  // a block of tiny numbers
        for (std::size_t i = 256; i < 512; ++i) values[i] *= 1e-37f;
    }
    return values;
}

// The naive references: one value at a time, with the library's rounding. A format with scales is told by
// these:
struct Format {
    std::size_t bits;
    float parts;  // scale = M / parts
    double most;  // M of a block that can be coded
    int (*code)(float value, float inverse);
    float (*value)(int code, float scale);
};

int rounded(float value, float inverse) {
    return static_cast<int>(std::nearbyint(value * inverse));
}

// The nearest of 0, 1, 2, 4 ... 64, the larger one of two.
int nearest_power(float value, float inverse) {
    const double magnitude = std::abs(static_cast<double>(value * inverse));
    int best = 0;
    double least = magnitude;
    for (int power = 1; power < 8; ++power) {
        const double distance = std::abs(magnitude - std::ldexp(1, power - 1));
        if (distance <= least) least = distance, best = power;
    }
    return best + (std::signbit(value * inverse) ? 8 : 0);
}

const Format int8_format{8, 127, 0x1.fp127, rounded, [](int code, float scale) {
                             return static_cast<float>(code < 128 ? code : code - 256) * scale;
                         }};
const Format int4_format{4, 7, 0x1.bffffep127, rounded, [](int code, float scale) {
                             return static_cast<float>(code < 8 ? code : code - 16) * scale;
                         }};
const Format e3m0_format{4, 64, 0x1.fffffep127, nearest_power, [](int code, float scale) {
                             const int power = code % 8;
                             const double magnitude = power == 0 ? 0 : std::ldexp(1, power - 1);
                             return static_cast<float>(code < 8 ? magnitude : -magnitude) * scale;
                         }};

void append_codes(const Format& format, const std::vector<int>& codes, ByteVector& bytes) {
    const std::size_t size = (codes.size() * format.bits + 7) / 8;
    for (std::size_t i = 0; i < size; ++i) {
        int byte = codes[i] & (format.bits == 8 ? 255 : 15);
        if (format.bits == 4 && size + i < codes.size()) byte += (codes[size + i] & 15) * 16;
        bytes.push_back(static_cast<std::byte>(byte));
    }
}

ByteVector reference_scaled(const Format& format, const std::vector<float>& values) {
    ByteVector bytes;
    for (std::size_t begin = 0; begin < values.size(); begin += scaled_block) {
        const std::size_t end = std::min(begin + scaled_block, values.size());
        float largest = 0;
        bool usable = true;
        for (std::size_t i = begin; i < end; ++i) {
            usable = usable && std::abs(static_cast<double>(values[i])) <= format.most;
            largest = std::max(largest, std::abs(values[i]));
        }
        const bool zero = usable && largest < 0x1p-119f;
        const float scale = !usable ? std::numeric_limits<float>::quiet_NaN()
                            : zero  ? 0.0f
                                    : largest / format.parts;
        const auto* raw = reinterpret_cast<const std::byte*>(&scale);
        bytes.insert(bytes.end(), raw, raw + sizeof scale);
        std::vector<int> codes;
        for (std::size_t i = begin; i < end; ++i)
            codes.push_back(usable && !zero ? format.code(values[i], format.parts / largest) : 0);
        append_codes(format, codes, bytes);
    }
    return bytes;
}

std::vector<float> reference_scaled_decoded(const Format& format, const ByteVector& bytes,
                                            std::size_t count) {
    std::vector<float> values;
    for (std::size_t at = 0; values.size() < count;) {
        float scale;
        std::memcpy(&scale, bytes.data() + at, sizeof scale);
        at += scale_bytes;
        const std::size_t length = std::min(scaled_block, count - values.size());
        const std::size_t size = (length * format.bits + 7) / 8;
        for (std::size_t i = 0; i < length; ++i) {
            const int byte = std::to_integer<int>(bytes[at + i % size]);
            const int code = format.bits == 8 ? byte : i < size ? byte % 16 : byte / 16;
            values.push_back(format.value(code, scale));
        }
        at += size;
    }
    return values;
}

std::uint16_t reference_fp16(float value) {
    const int sign = std::signbit(value) ? 0x8000 : 0;
    if (std::isnan(value)) return static_cast<std::uint16_t>(sign + 0x7e00);
    const double magnitude = std::abs(static_cast<double>(value));
    // In units of the last place: 2^-24 without leading one, else 2^-10 of the leading one.
    int exponent = magnitude < 0x1p-14 ? -14 : std::isinf(magnitude) ? 16 : std::ilogb(magnitude);
    if (exponent > 15) return static_cast<std::uint16_t>(sign + 0x7c00);
    const int places = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
    // A leading one is 1,024 places; one that was rounded up to 2,048 carries into the exponent by itself.
    return static_cast<std::uint16_t>(sign + (exponent + 14) * 1024 + places);
}

float reference_fp16_decoded(int half) {
    const int exponent = half >> 10 & 31, places = half & 1023;
    const float sign = half >> 15 == 0 ? 1.0f : -1.0f;
    if (exponent == 31)
        return places == 0 ? sign * std::numeric_limits<float>::infinity()
                           : std::numeric_limits<float>::quiet_NaN();
    const double value = exponent == 0 ? std::ldexp(places, -24) : std::ldexp(1024 + places, exponent - 25);
    return sign * static_cast<float>(value);
}

ByteVector reference_bf16(const std::vector<float>& values) {
    ByteVector bytes;
    for (const float value : values) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        std::uint32_t kept = bits >> 16;
        const std::uint32_t rest = bits & 0xffffu;
        if (std::isnan(value)) {
            kept |= 0x40u;
        } else if (rest > 0x8000u || (rest == 0x8000u && kept % 2 == 1)) {
            kept += 1;
        }
        bytes.push_back(static_cast<std::byte>(kept & 255u));
        bytes.push_back(static_cast<std::byte>(kept >> 8));
    }
    return bytes;
}

// NaN is equal to NaN here: which NaN is a matter of the machine.
bool same(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const bool both_nan = std::isnan(a[i]) && std::isnan(b[i]);
        if (!both_nan && std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i]))
            return false;
    }
    return true;
}

std::vector<float> accumulated(const std::vector<float>& decoded) {
    std::vector<float> sum(decoded.size());
    for (std::size_t i = 0; i < sum.size(); ++i) {
        const float product = -0.7f * decoded[i];
        sum[i] = static_cast<float>(i) + product;
    }
    return sum;
}

std::vector<float> counting(std::size_t count) {
    std::vector<float> sum(count);
    for (std::size_t i = 0; i < count; ++i) sum[i] = static_cast<float>(i);
    return sum;
}

void check_scaled(const CodecLoops& loops, const Format& format, const std::vector<float>& values) {
    const ByteVector expected = reference_scaled(format, values);
    ByteVector bytes(expected.size());
    loops.encode(values.data(), bytes.data(), values.size());
    CHECK(bytes == expected);
    std::vector<float> decoded(values.size()), sum = counting(values.size());
    loops.decode(bytes.data(), decoded.data(), decoded.size());
    CHECK(same(decoded, reference_scaled_decoded(format, bytes, values.size())));
    loops.accumulate(bytes.data(), -0.7f, sum.data(), sum.size());
    CHECK(same(sum, accumulated(decoded)));
}

void check_fp16(const CodecLoops& loops, const std::vector<float>& values) {
    ByteVector bytes(2 * values.size());
    loops.encode(values.data(), bytes.data(), values.size());
    std::vector<float> decoded(values.size()), expected, sum = counting(values.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::uint16_t half;
        std::memcpy(&half, bytes.data() + 2 * i, sizeof half);
        wrong += half == reference_fp16(values[i]) ? 0 : 1;
        expected.push_back(reference_fp16_decoded(half));
    }
    CHECK(wrong == 0);
    loops.decode(bytes.data(), decoded.data(), decoded.size());
    CHECK(same(decoded, expected));
    loops.accumulate(bytes.data(), -0.7f, sum.data(), sum.size());
    CHECK(same(sum, accumulated(decoded)));
}

// Around all that fp16 distinguishes: what it holds, what lies halfway and on both sides of that.
std::vector<float> around_halves() {
    std::vector<float> values;
    for (int half = 0; half < 0x7c00; half += 1 + half % 7) {
        const float low = reference_fp16_decoded(half);
        const float next = half == 0x7bff ? 65536.0f : reference_fp16_decoded(half + 1);
        const float middle = (low + next) / 2;
        for (const float value : {low, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)}) {
            values.push_back(value);
            values.push_back(-value);
        }
    }
    return values;
}

void check_bf16(const CodecLoops& loops, const std::vector<float>& values) {
    const ByteVector expected = reference_bf16(values);
    ByteVector bytes(expected.size());
    loops.encode(values.data(), bytes.data(), values.size());
    CHECK(bytes == expected);
    std::vector<float> decoded(values.size()), sum = counting(values.size());
    loops.decode(bytes.data(), decoded.data(), decoded.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        const auto bits = std::to_integer<std::uint32_t>(bytes[2 * i]) |
                          std::to_integer<std::uint32_t>(bytes[2 * i + 1]) << 8;
        wrong += std::bit_cast<std::uint32_t>(decoded[i]) == bits << 16 ? 0 : 1;
    }
    CHECK(wrong == 0);
    loops.accumulate(bytes.data(), -0.7f, sum.data(), sum.size());
    CHECK(same(sum, accumulated(decoded)));
}

}  // namespace

TEST_CASE("every vector width gives the bits of the naive reference") {
    REQUIRE_FALSE(codec_kernels().empty());
    for (const CodecKernels& kernels : codec_kernels()) {
        CAPTURE(kernels.name);
        for (const std::size_t count : {0u, 1u, 7u, 15u, 33u, 255u, 256u, 257u, 511u, 4096u, 100007u}) {
            CAPTURE(count);
            const auto values = any_floats(count, count + 1);
            check_scaled(kernels.int8, int8_format, values);
            check_scaled(kernels.int4, int4_format, values);
            check_scaled(kernels.e3m0, e3m0_format, values);
            check_bf16(kernels.bf16, values);
            check_fp16(kernels.fp16, values);
            std::vector<float> sum = counting(count);
            kernels.fp32_accumulate(reinterpret_cast<const std::byte*>(values.data()), -0.7f, sum.data(),
                                    count);
            CHECK(same(sum, accumulated(values)));
        }
    }
}

TEST_CASE("every vector width rounds to fp16 like the naive reference, and decodes every half") {
    const auto values = around_halves();
    std::vector<float> expected;
    ByteVector halves;
    for (int half = 0; half < 0x10000; ++half) {
        expected.push_back(reference_fp16_decoded(half));
        halves.push_back(static_cast<std::byte>(half & 255));
        halves.push_back(static_cast<std::byte>(half >> 8));
    }
    for (const CodecKernels& kernels : codec_kernels()) {
        CAPTURE(kernels.name);
        check_fp16(kernels.fp16, values);
        std::vector<float> decoded(expected.size());
        kernels.fp16.decode(halves.data(), decoded.data(), decoded.size());
        CHECK(same(decoded, expected));
    }
}

TEST_CASE("every vector width decodes any bytes like the naive reference") {
    Random random(17);
    for (const CodecKernels& kernels : codec_kernels()) {
        CAPTURE(kernels.name);
        for (const std::size_t count : {1u, 129u, 255u, 256u, 1234u}) {
            ByteVector bytes(2 * count + scale_bytes);  // enough for any
            for (auto& byte : bytes) byte = static_cast<std::byte>(random.below(256));
            std::vector<float> decoded(count);
            kernels.int8.decode(bytes.data(), decoded.data(), count);
            CHECK(same(decoded, reference_scaled_decoded(int8_format, bytes, count)));
            kernels.int4.decode(bytes.data(), decoded.data(), count);
            CHECK(same(decoded, reference_scaled_decoded(int4_format, bytes, count)));
            kernels.e3m0.decode(bytes.data(), decoded.data(), count);
            CHECK(same(decoded, reference_scaled_decoded(e3m0_format, bytes, count)));
        }
    }
}

// The `keep` largest by a stable sort.
std::vector<std::uint16_t> reference_largest(const std::vector<float>& values, std::size_t keep) {
    std::vector<std::uint16_t> places(values.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::uint16_t>(i);
    const auto magnitude = [&](std::uint16_t i) {
        return std::bit_cast<std::uint32_t>(values[i]) & 0x7fffffffu;
    };
    std::stable_sort(places.begin(), places.end(),
                     [&](std::uint16_t a, std::uint16_t b) { return magnitude(a) > magnitude(b); });
    places.resize(keep);
    std::sort(places.begin(), places.end());
    return places;
}

TEST_CASE("every vector width selects the largest magnitudes, of equal ones the first") {
    Random random(29);
    for (const std::size_t count : {1u, 15u, 16u, 64u, 65u, 1000u, 4096u}) {
        for (int kind = 0; kind < 6; ++kind) {
            std::vector<float> values = any_floats(count, count);
            for (float& value : values) {
                if (kind == 1) value = static_cast<float>(random.below(4)) - 1.5f;  // many equal ones
                if (kind == 2) value = 0.0f;                                        // all equal
                if (kind == 3) value = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
                if (kind == 5) value = random.below(100) == 0 ? 2.0f : 1.0f;  // few above many equal ones
                if (kind == 4) value = random.below(100) == 0 ? 1e30f : 1e-40f * value;
            }
            const std::size_t keep = std::min<std::size_t>(count, 64);
            const auto expected = reference_largest(values, keep);
            for (const CodecKernels& kernels : codec_kernels()) {
                CAPTURE(kernels.name);
                CAPTURE(kind);
                std::vector<std::uint16_t> places(keep);
                kernels.select_largest(values.data(), count, keep, places.data());
                CHECK(places == expected);
            }
        }
    }
}

TEST_CASE("every vector width sees a value that is not finite at any place") {
    for (const CodecKernels& kernels : codec_kernels()) {
        CAPTURE(kernels.name);
        for (std::size_t at = 0; at < 67; ++at) {
            std::vector<float> values(67, 1.0f);
            CHECK(kernels.all_finite(values.data(), values.size()));
            values[at] = at % 2 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                     : -std::numeric_limits<float>::infinity();
            CHECK_FALSE(kernels.all_finite(values.data(), values.size()));
        }
    }
}

}  // namespace euromesh::sync
