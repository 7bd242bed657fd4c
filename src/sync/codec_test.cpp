#include "sync/codec.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.hpp"

namespace euromesh::sync {
namespace {

std::vector<float> mixed_values(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(count);
    for (float& value : values) {
        const int exponent = static_cast<int>(random.below(40)) - 30;
        value = static_cast<float>(std::ldexp(random.normal(), exponent));
    }
    return values;
}

std::vector<std::byte> encoded(const Codec& codec, std::span<const float> values) {
    std::vector<std::byte> bytes(codec.encoded_bytes(values.size()));
    codec.encode(values, bytes);
    return bytes;
}

std::vector<float> round_trip(const Codec& codec, std::span<const float> values) {
    std::vector<float> decoded(values.size());
    codec.decode(encoded(codec, values), decoded);
    return decoded;
}

const Codec& codec_named(std::string_view name) {
    return *find_codec(name).value();
}

double largest_of_block(std::span<const float> values, std::size_t i) {
    double largest = 0;
    const std::size_t begin = i / 256 * 256;
    for (std::size_t k = begin; k < std::min(begin + 256, values.size()); ++k) {
        largest = std::max(largest, std::abs(static_cast<double>(values[k])));
    }
    return largest;
}

}  // namespace

TEST_CASE("an unknown codec is named together with those that exist") {
    const auto codec = find_codec("int9");
    REQUIRE_FALSE(codec.has_value());
    CHECK(codec.error().code == Code::not_found);
    CHECK(codec.error().message == "codec 'int9' is not known: use one of fp32, bf16, int8");
}

TEST_CASE("payload sizes") {
    CHECK(codec_named("fp32").encoded_bytes(1000) == 4000);
    CHECK(codec_named("bf16").encoded_bytes(1000) == 2000);
    CHECK(codec_named("int8").encoded_bytes(1000) == 1016);
    CHECK(codec_named("int8").encoded_bytes(1024) == 1040);
    for (std::string_view name : codec_names()) CHECK(codec_named(name).encoded_bytes(0) == 0);
}

TEST_CASE("errors stay within the bounds of the header") {
    for (const std::size_t count : {1u, 255u, 256u, 257u, 20000u}) {
        const auto values = mixed_values(count, count);
        CHECK(round_trip(codec_named("fp32"), values) == values);
        const auto bf16 = round_trip(codec_named("bf16"), values);
        const auto int8 = round_trip(codec_named("int8"), values);
        double worst = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const double x = values[i];
            CHECK(std::abs(x - bf16[i]) <= std::abs(x) * 0x1p-8 + 0x1p-134);
            const double bound = largest_of_block(values, i) / 254 * (1 + 0x1p-13);
            CHECK(std::abs(x - int8[i]) <= bound);
            worst = std::max(worst, std::abs(x - int8[i]) / bound);
        }
        if (count > 1000) CHECK(worst > 0.99);  // the bound is tight
    }
}

TEST_CASE("bf16 rounds to the nearest, ties to even") {
    const std::vector<float> values{1.0f, 0x1.01p0f, 0x1.03p0f, 0x1.0101p0f, -0x1.01p0f, 0x1.ffffp127f};
    const std::vector<float> expected{1.0f,      1.0f,  0x1.04p0f,
                                      0x1.02p0f, -1.0f, std::numeric_limits<float>::infinity()};
    CHECK(round_trip(codec_named("bf16"), values) == expected);
}

TEST_CASE("int8 on the wire: scale of the block, then one byte a value, ties to even") {
    const std::vector<float> values{127.0f, 0.5f, 1.5f, -2.5f, -127.0f, 3.0f};
    const auto bytes = encoded(codec_named("int8"), values);
    const std::vector<int> expected{0x00, 0x00, 0x80, 0x3f, 127, 0, 2, 0xfe, 0x81, 3};
    REQUIRE(bytes.size() == expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(std::to_integer<int>(bytes[i]) == expected[i]);
}

TEST_CASE("tiny and huge blocks follow the stated rule") {
    const Codec& codec = codec_named("int8");
    const std::vector<float> tiny(300, 0x1p-120f), least(300, 0x1p-119f), huge(300, 0x1.fp127f);
    CHECK(round_trip(codec, tiny) == std::vector<float>(300, 0.0f));
    CHECK(round_trip(codec, least)[0] == doctest::Approx(0x1p-119).epsilon(1e-6));
    CHECK(round_trip(codec, huge)[0] == doctest::Approx(0x1.fp127).epsilon(1e-6));
    CHECK(codec.is_finite(encoded(codec, huge), 300));
    const std::vector<float> beyond(300, std::numeric_limits<float>::max());
    CHECK_FALSE(codec.is_finite(encoded(codec, beyond), 300));
}

TEST_CASE("a value that is not finite is never hidden, wherever it stands") {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
        for (const std::size_t at : {0u, 255u, 300u, 599u}) {
            auto values = mixed_values(600, 3);
            CHECK(is_finite(values));
            values[at] = bad;
            CHECK_FALSE(is_finite(values));
            for (std::string_view name : codec_names()) {
                const Codec& codec = codec_named(name);
                CHECK_FALSE(codec.is_finite(encoded(codec, values), values.size()));
                CHECK_FALSE(std::isfinite(round_trip(codec, values)[at]));
            }
        }
    }
}

TEST_CASE("is_finite is true exactly when what random bytes decode to is safe") {
    Random random(5);
    for (std::string_view name : codec_names()) {
        const Codec& codec = codec_named(name);
        for (int trial = 0; trial < 200; ++trial) {
            const std::size_t count = 1 + random.below(600);
            std::vector<std::byte> bytes(codec.encoded_bytes(count));
            for (auto& byte : bytes) byte = static_cast<std::byte>(random.below(256));
            std::vector<float> values(count);
            codec.decode(bytes, values);
            if (codec.is_finite(bytes, count)) CHECK(is_finite(values));
        }
    }
}

TEST_CASE("slices cut at blocks give the bytes of the whole") {
    const auto values = mixed_values(256 * 5 + 77, 9);
    for (std::string_view name : codec_names()) {
        const Codec& codec = codec_named(name);
        const auto whole = encoded(codec, values);
        const std::size_t cut = 256 * 3;
        auto pieces = encoded(codec, std::span(values).first(cut));
        const auto rest = encoded(codec, std::span(values).subspan(cut));
        pieces.insert(pieces.end(), rest.begin(), rest.end());
        CHECK(pieces == whole);
    }
}

TEST_CASE("accumulate adds weight times the decoded value, rounding each operation") {
    const auto values = mixed_values(700, 11);
    for (std::string_view name : codec_names()) {
        const Codec& codec = codec_named(name);
        auto sum = mixed_values(700, 12);
        auto expected = sum;
        const auto decoded = round_trip(codec, values);
        for (std::size_t i = 0; i < sum.size(); ++i) {
            const float product = 0.3f * decoded[i];
            expected[i] = expected[i] + product;
        }
        codec.accumulate(encoded(codec, values), 0.3f, sum);
        CHECK(sum == expected);
    }
}

}  // namespace euromesh::sync
