#include "sync/codec.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/random.hpp"
#include "contract/run_spec.hpp"

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

std::vector<std::byte> as_bytes(const std::vector<int>& numbers) {
    std::vector<std::byte> bytes;
    for (const int number : numbers) bytes.push_back(static_cast<std::byte>(number));
    return bytes;
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
    CHECK(codec.error().message ==
          "codec 'int9' is not known: use one of fp32, bf16, fp16, int8, int4, e3m0");
}

TEST_CASE("every codec can be named in a run file") {
    for (std::string_view name : codec_names()) {
        std::string text = "[run]\nname = 'r'\nsteps = 30\n[outer]\ncodec = '" + std::string(name) + "'\n";
        for (const char* site : {"a", "b"})
            text += "[[site]]\nname = '" + std::string(site) + "'\ntext = 't'\nheldout = 'h'\n";
        const auto spec = contract::parse_run_spec(text, "run.toml");
        REQUIRE_MESSAGE(spec, spec.error().message);
        CHECK(spec->outer.codec == name);
    }
}

TEST_CASE("payload sizes") {
    CHECK(codec_named("fp32").encoded_bytes(1000) == 4000);
    CHECK(codec_named("bf16").encoded_bytes(1000) == 2000);
    CHECK(codec_named("int8").encoded_bytes(1000) == 1016);
    CHECK(codec_named("int8").encoded_bytes(1024) == 1040);
    CHECK(codec_named("fp16").encoded_bytes(1000) == 2000);
    for (std::string_view name : {"int4", "e3m0"}) {
        CHECK(codec_named(name).encoded_bytes(1024) == 528);  // 0.5 + 4/256 bytes a value
        CHECK(codec_named(name).encoded_bytes(257) == 137);   // half a byte counts as one
    }
    for (std::string_view name : codec_names()) CHECK(codec_named(name).encoded_bytes(0) == 0);
}

double bound_of(std::string_view codec, double x, double largest) {
    x = std::abs(x);
    if (codec == "bf16") return x * 0x1p-8 + 0x1p-134;
    if (codec == "fp16") return x < 0x1p-14 ? 0x1p-25 : x * 0x1p-11;
    if (codec == "int8") return largest / 254 * (1 + 0x1p-13);
    if (codec == "int4") return largest / 14 * (1 + 0x1p-18);
    if (codec == "e3m0") return std::max(x / 3, largest / 128) * (1 + 0x1p-20);
    return 0;
}

TEST_CASE("errors stay within the bounds of the header") {
    for (std::string_view name : codec_names()) {
        CAPTURE(name);
        double worst = 0;
        std::size_t beyond = 0;
        for (const std::size_t count : {1u, 255u, 256u, 257u, 12000u}) {
            const auto values = mixed_values(count, count);
            const auto decoded = round_trip(codec_named(name), values);
            for (std::size_t i = 0; i < count; ++i) {
                const double error = std::abs(static_cast<double>(values[i]) - decoded[i]);
                const double bound = bound_of(name, values[i], largest_of_block(values, i));
                beyond += error <= bound ? 0 : 1;
                if (bound > 0) worst = std::max(worst, error / bound);
            }
        }
        CHECK(beyond == 0);
        if (name != "fp32") CHECK(worst > 0.95);  // the bound is tight
    }
}

TEST_CASE("bf16 rounds to the nearest, ties to even") {
    const std::vector<float> values{1.0f, 0x1.01p0f, 0x1.03p0f, 0x1.0101p0f, -0x1.01p0f, 0x1.ffffp127f};
    const std::vector<float> expected{1.0f,      1.0f,  0x1.04p0f,
                                      0x1.02p0f, -1.0f, std::numeric_limits<float>::infinity()};
    CHECK(round_trip(codec_named("bf16"), values) == expected);
}

TEST_CASE("fp16 rounds to the nearest, ties to even, and to infinity from 65,520 on") {
    const float infinity = std::numeric_limits<float>::infinity();
    const std::vector<float> values{1.0f,     0x1.002p0f, 0x1.006p0f, 0x1.0021p0f, -65504.0f, 65519.9f,
                                    65520.0f, -65520.0f,  0x1p-24f,   0x1p-25f,    0x3p-25f};
    const std::vector<float> expected{1.0f,     1.0f,      0x1.008p0f, 0x1.004p0f, -65504.0f, 65504.0f,
                                      infinity, -infinity, 0x1p-24f,   0.0f,       0x1p-23f};
    CHECK(round_trip(codec_named("fp16"), values) == expected);
    const std::vector<float> finite{65519.9f}, beyond{65520.0f};
    CHECK(codec_named("fp16").is_finite(encoded(codec_named("fp16"), finite), 1));
    CHECK_FALSE(codec_named("fp16").is_finite(encoded(codec_named("fp16"), beyond), 1));
}

TEST_CASE("four bits on the wire: scale of the block, the first half of the values low, the second high") {
    const std::vector<float> values{7.0f, 0.5f, 1.5f, -2.5f, -7.0f};
    const auto int4 = encoded(codec_named("int4"), values);
    CHECK(int4 == as_bytes({0x00, 0x00, 0x80, 0x3f, 0xe7, 0x90, 0x02}));
    const std::vector<float> powers{64.0f, -1.5f, 0.5f, -0.49f, 47.0f, 48.0f};
    const auto e3m0 = encoded(codec_named("e3m0"), powers);
    CHECK(e3m0 == as_bytes({0x00, 0x00, 0x80, 0x3f, 0x87, 0x6a, 0x71}));
    const std::vector<float> expected{64.0f, -2.0f, 1.0f, 0.0f, 32.0f, 64.0f};
    CHECK(round_trip(codec_named("e3m0"), powers) == expected);
}

TEST_CASE("int8 on the wire: scale of the block, then one byte a value, ties to even") {
    const std::vector<float> values{127.0f, 0.5f, 1.5f, -2.5f, -127.0f, 3.0f};
    const auto bytes = encoded(codec_named("int8"), values);
    const std::vector<int> expected{0x00, 0x00, 0x80, 0x3f, 127, 0, 2, 0xfe, 0x81, 3};
    REQUIRE(bytes.size() == expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(std::to_integer<int>(bytes[i]) == expected[i]);
}

TEST_CASE("tiny and huge blocks follow the stated rule") {
    struct Case {
        std::string_view codec;
        float huge;
        float beyond;
    };
    const float max = std::numeric_limits<float>::max(), infinity = std::numeric_limits<float>::infinity();
    for (const Case& test : {Case{"int8", 0x1.fp127f, max}, Case{"int4", 0x1.bffffep127f, 0x1.cp127f},
                             Case{"e3m0", max, infinity}}) {
        CAPTURE(test.codec);
        const Codec& codec = codec_named(test.codec);
        const std::vector<float> tiny(300, 0x1.fffffep-120f), least(300, 0x1p-119f);
        const std::vector<float> huge(300, test.huge), beyond(300, test.beyond);
        CHECK(round_trip(codec, tiny) == std::vector<float>(300, 0.0f));
        CHECK(round_trip(codec, least)[0] == doctest::Approx(0x1p-119).epsilon(1e-6));
        CHECK(round_trip(codec, huge)[0] == doctest::Approx(test.huge).epsilon(1e-6));
        CHECK(codec.is_finite(encoded(codec, huge), 300));
        CHECK_FALSE(codec.is_finite(encoded(codec, beyond), 300));
        CHECK(std::isnan(round_trip(codec, beyond)[0]));
    }
}

TEST_CASE("bytes from outside are refused from the scale on at which the largest code overflows") {
    struct Case {
        std::string_view codec;
        float scale;
        int largest;  // a byte of the largest codes
    };
    for (const Case& test :
         {Case{"int8", 0x1p121f, 0x80}, Case{"int4", 0x1p125f, 0x88}, Case{"e3m0", 0x1p122f, 0x77}}) {
        CAPTURE(test.codec);
        const Codec& codec = codec_named(test.codec);
        std::vector<std::byte> bytes(codec.encoded_bytes(300), static_cast<std::byte>(test.largest));
        std::vector<float> values(300);
        for (const float scale : {test.scale, -test.scale, std::nextafter(test.scale, 0.0f)}) {
            for (const std::size_t at : {std::size_t{0}, codec.encoded_bytes(256)})
                std::memcpy(bytes.data() + at, &scale, sizeof scale);
            codec.decode(bytes, values);
            CHECK(is_finite(values) == (std::abs(scale) < test.scale));
            CHECK(codec.is_finite(bytes, 300) == is_finite(values));
        }
    }
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
