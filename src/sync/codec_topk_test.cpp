#include "sync/codec_topk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/random.hpp"

namespace euromesh::sync {
namespace {

std::vector<float> normal_values(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

std::vector<std::byte> encoded(std::span<const float> values) {
    std::vector<std::byte> bytes(topk_codec().encoded_bytes(values.size()));
    topk_codec().encode(values, bytes);
    return bytes;
}

std::vector<float> decoded(std::span<const std::byte> bytes, std::size_t count) {
    std::vector<float> values(count, -7.0f);
    topk_codec().decode(bytes, values);
    return values;
}

std::vector<float> round_trip(std::span<const float> values) {
    return decoded(encoded(values), values.size());
}

// What the header says of a chunk, without bits and bytes.
std::vector<float> reference(const std::vector<float>& chunk) {
    std::vector<std::size_t> order(chunk.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto magnitude = [&](std::size_t i) { return std::abs(chunk[i]); };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return magnitude(a) > magnitude(b); });
    order.resize(std::min<std::size_t>(64, order.size()));
    const float split = magnitude(order.back()) / 2 + magnitude(order.front()) / 2;
    std::sort(order.begin(), order.end());
    double sum[2] = {0, 0}, count[2] = {0, 0};
    for (const std::size_t i : order) {
        sum[magnitude(i) > split] += magnitude(i);
        count[magnitude(i) > split] += 1;
    }
    std::vector<float> values(chunk.size(), 0.0f);
    for (const std::size_t i : order) {
        const bool high = magnitude(i) > split;
        const float level = static_cast<float>(sum[high] / count[high]);
        const std::vector<float> one{std::copysign(level, chunk[i])};
        std::vector<std::byte> bytes(2);
        std::vector<float> out(1);
        (**find_codec("bf16")).encode(one, bytes);
        (**find_codec("bf16")).decode(bytes, out);
        values[i] = out[0];
    }
    return values;
}

double squares(std::span<const float> values) {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * value;
    return sum;
}

}  // namespace

TEST_CASE("every chunk has 116 bytes, 141 times fewer than fp32") {
    CHECK(topk_chunk_bytes == 116);
    CHECK(topk_codec().encoded_bytes(0) == 0);
    CHECK(topk_codec().encoded_bytes(1) == 116);
    CHECK(topk_codec().encoded_bytes(4096) == 116);
    CHECK(topk_codec().encoded_bytes(4097) == 232);
    CHECK(topk_codec().name() == "topk");
    CHECK_FALSE(find_codec("topk").has_value());  // a run has no feedback yet
}

TEST_CASE("what is decoded is what the naive reference keeps") {
    for (const std::size_t count : {1u, 5u, 63u, 64u, 65u, 4095u, 4096u}) {
        CAPTURE(count);
        CHECK(round_trip(normal_values(count, count)) == reference(normal_values(count, count)));
    }
    const std::vector<float> equal(4096, -3.0f);
    CHECK(round_trip(equal) == reference(equal));
    const std::vector<float> zero(4096, 0.0f);
    CHECK(round_trip(zero) == zero);
    CHECK(topk_codec().is_finite(encoded(zero), zero.size()));
}

TEST_CASE("the bytes of a short chunk") {
    const std::vector<float> values{1.0f, -4.0f, 0.0f, 5.0f};  // split 2.5: low 0.5, high 4.5
    std::vector<int> expected(116, 0);
    const std::vector<int> places{0x00, 0x10, 0x00, 0x02, 0x30, 0x00};
    expected[0] = 0x00, expected[1] = 0x3f, expected[2] = 0x90, expected[3] = 0x40;
    std::copy(places.begin(), places.end(), expected.begin() + 4);
    expected[100] = 0 | 3 << 2 | 0 << 4 | 1 << 6;
    const auto bytes = encoded(values);
    REQUIRE(bytes.size() == expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CAPTURE(i);
        CHECK(std::to_integer<int>(bytes[i]) == expected[i]);
    }
}

TEST_CASE(
    "errors stay within the bounds of the header, and something is left of no chunk's squares but less") {
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
        auto values = normal_values(4096, seed);
        if (seed % 2 == 0) {
            for (float& value : values) value = value * value * value;  // heavy tails
        }
        const auto result = round_trip(values);
        float least = std::numeric_limits<float>::infinity(), most = 0, largest_left = 0;
        double left = 0, worst = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float magnitude = std::abs(values[i]);
            const double error = std::abs(static_cast<double>(values[i]) - result[i]);
            left += error * error;
            if (result[i] == 0) {
                largest_left = std::max(largest_left, magnitude);
            } else {
                least = std::min(least, magnitude), most = std::max(most, magnitude);
                worst = std::max(worst, error);
            }
        }
        CHECK(largest_left <= least);
        CHECK(worst <= (most - least) / 2 + most * 0x1p-8);
        CHECK(left < 0.95 * squares(values));
    }
}

TEST_CASE("chunks are coded by themselves") {
    const auto values = normal_values(3 * 4096 + 100, 3);
    const auto whole = encoded(values);
    auto pieces = encoded(std::span(values).first(2 * 4096));
    const auto rest = encoded(std::span(values).subspan(2 * 4096));
    pieces.insert(pieces.end(), rest.begin(), rest.end());
    CHECK(pieces == whole);
    const auto result = decoded(whole, values.size());
    CHECK(std::count_if(result.begin(), result.end(), [](float x) { return x != 0; }) == 4 * 64);
}

TEST_CASE("accumulate adds weight times what is decoded") {
    const auto values = normal_values(5000, 4);
    const auto bytes = encoded(values);
    auto sum = normal_values(5000, 5), expected = sum;
    const auto result = decoded(bytes, values.size());
    for (std::size_t i = 0; i < sum.size(); ++i) {
        const float product = 0.3f * result[i];
        expected[i] = expected[i] + product;
    }
    topk_codec().accumulate(bytes, 0.3f, sum);
    CHECK(sum == expected);
}

TEST_CASE("sparse: a value that is not finite is never hidden") {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
        for (const std::size_t at : {0u, 4095u, 4096u, 4999u}) {
            auto values = normal_values(5000, 6);
            CHECK(topk_codec().is_finite(encoded(values), values.size()));
            values[at] = bad;
            CHECK_FALSE(topk_codec().is_finite(encoded(values), values.size()));
            CHECK_FALSE(std::isfinite(round_trip(values)[at]));
        }
    }
    const std::vector<float> all(200, std::numeric_limits<float>::max());  // rounds to infinity in bf16
    CHECK_FALSE(topk_codec().is_finite(encoded(all), all.size()));
}

TEST_CASE("sparse: a NaN of the largest bits among zeros is found, and the search for the cut ends") {
    std::vector<float> values(4096, 0.0f);
    values[1000] = std::bit_cast<float>(0x7fffffff);
    CHECK_FALSE(topk_codec().is_finite(encoded(values), values.size()));
    CHECK(std::isnan(round_trip(values)[1000]));
}

TEST_CASE("places that no encoder writes are passed over and refused") {
    const auto values = normal_values(4096 + 100, 7);
    const auto good = encoded(values);
    CHECK(topk_codec().is_finite(good, values.size()));
    auto repeated = good;  // the second place of the first chunk becomes the first
    const int first = std::to_integer<int>(good[4]) | (std::to_integer<int>(good[5]) & 15) << 8;
    repeated[5] = static_cast<std::byte>((std::to_integer<int>(good[5]) & 15) | (first & 15) << 4);
    repeated[6] = static_cast<std::byte>(first >> 4);
    CHECK_FALSE(topk_codec().is_finite(repeated, values.size()));
    auto outside = good;  // the last place of the second chunk, of 100 values
    outside[116 + 99] = std::byte{0xff};
    CHECK_FALSE(topk_codec().is_finite(outside, values.size()));
    CHECK(std::isfinite(decoded(outside, values.size()).back()));
}

TEST_CASE("random bytes are decoded without harm, and accumulate agrees with decode") {
    Random random(8);
    std::size_t accepted = 0;
    for (int trial = 0; trial < 400; ++trial) {
        const std::size_t count = trial % 3 == 0 ? 1 + random.below(3) : 1 + random.below(9000);
        std::vector<std::byte> bytes(topk_codec().encoded_bytes(count));
        for (auto& byte : bytes) byte = static_cast<std::byte>(random.below(256));
        if (trial % 3 == 0) std::fill(bytes.begin() + 4, bytes.begin() + 7, std::byte{0});
        const auto values = decoded(bytes, count);
        const bool finite = topk_codec().is_finite(bytes, count);
        accepted += finite ? 1 : 0;
        if (finite) CHECK(is_finite(values));
        std::vector<float> sum(count, 0.0f);
        topk_codec().accumulate(bytes, 1.0f, sum);
        if (is_finite(values)) CHECK(sum == values);
    }
    CHECK(accepted > 0);
}

}  // namespace euromesh::sync
