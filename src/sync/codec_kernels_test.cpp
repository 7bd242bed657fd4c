#include "sync/codec_kernels.hpp"

#include <doctest/doctest.h>

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
        const bool any_bits = i / int8_block % 4 == 3 && random.below(50) == 0;
        const auto bits = static_cast<std::uint32_t>(random.next());
        values[i] = any_bits ? std::bit_cast<float>(bits) : static_cast<float>(random.normal());
    }
    if (count > 600) {  // a block of tiny numbers
        for (std::size_t i = 256; i < 512; ++i) values[i] *= 1e-37f;
    }
    return values;
}

// The naive reference: one value at a time, with the library's rounding.
ByteVector reference_int8(const std::vector<float>& values) {
    ByteVector bytes;
    for (std::size_t begin = 0; begin < values.size(); begin += int8_block) {
        const std::size_t end = std::min(begin + int8_block, values.size());
        float largest = 0;
        bool usable = true;
        for (std::size_t i = begin; i < end; ++i) {
            usable = usable && std::abs(values[i]) <= 0x1.fp127f;
            largest = std::max(largest, std::abs(values[i]));
        }
        const bool zero = usable && largest < 0x1p-119f;
        const float scale = !usable ? std::numeric_limits<float>::quiet_NaN()
                            : zero  ? 0.0f
                                    : largest / 127.0f;
        const auto* raw = reinterpret_cast<const std::byte*>(&scale);
        bytes.insert(bytes.end(), raw, raw + sizeof scale);
        for (std::size_t i = begin; i < end; ++i) {
            const float q = usable && !zero ? std::nearbyint(values[i] * (127.0f / largest)) : 0.0f;
            bytes.push_back(static_cast<std::byte>(static_cast<std::uint8_t>(static_cast<int>(q))));
        }
    }
    return bytes;
}

std::vector<float> reference_int8_decoded(const ByteVector& bytes, std::size_t count) {
    std::vector<float> values;
    for (std::size_t at = 0; values.size() < count; at += int8_header + int8_block) {
        float scale;
        std::memcpy(&scale, bytes.data() + at, sizeof scale);
        for (std::size_t i = 0; i < int8_block && values.size() < count; ++i) {
            const auto q = static_cast<std::int8_t>(bytes[at + int8_header + i]);
            values.push_back(static_cast<float>(q) * scale);
        }
    }
    return values;
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

void check_int8(const CodecKernels& kernels, const std::vector<float>& values) {
    const ByteVector expected = reference_int8(values);
    ByteVector bytes(expected.size());
    kernels.int8_encode(values.data(), bytes.data(), values.size());
    CHECK(bytes == expected);
    std::vector<float> decoded(values.size()), sum = counting(values.size());
    kernels.int8_decode(bytes.data(), decoded.data(), decoded.size());
    CHECK(same(decoded, reference_int8_decoded(bytes, values.size())));
    kernels.int8_accumulate(bytes.data(), -0.7f, sum.data(), sum.size());
    CHECK(same(sum, accumulated(decoded)));
}

void check_bf16(const CodecKernels& kernels, const std::vector<float>& values) {
    const ByteVector expected = reference_bf16(values);
    ByteVector bytes(expected.size());
    kernels.bf16_encode(values.data(), bytes.data(), values.size());
    CHECK(bytes == expected);
    std::vector<float> decoded(values.size()), sum = counting(values.size());
    kernels.bf16_decode(bytes.data(), decoded.data(), decoded.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        const auto bits = std::to_integer<std::uint32_t>(bytes[2 * i]) |
                          std::to_integer<std::uint32_t>(bytes[2 * i + 1]) << 8;
        wrong += std::bit_cast<std::uint32_t>(decoded[i]) == bits << 16 ? 0 : 1;
    }
    CHECK(wrong == 0);
    kernels.bf16_accumulate(bytes.data(), -0.7f, sum.data(), sum.size());
    CHECK(same(sum, accumulated(decoded)));
}

}  // namespace

TEST_CASE("every vector width gives the bits of the naive reference") {
    REQUIRE_FALSE(codec_kernels().empty());
    for (const CodecKernels& kernels : codec_kernels()) {
        CAPTURE(kernels.name);
        for (const std::size_t count : {0u, 1u, 7u, 15u, 33u, 255u, 256u, 257u, 511u, 4096u, 300007u}) {
            CAPTURE(count);
            const auto values = any_floats(count, count + 1);
            check_int8(kernels, values);
            check_bf16(kernels, values);
            std::vector<float> sum = counting(count);
            kernels.fp32_accumulate(reinterpret_cast<const std::byte*>(values.data()), -0.7f, sum.data(),
                                    count);
            CHECK(same(sum, accumulated(values)));
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
