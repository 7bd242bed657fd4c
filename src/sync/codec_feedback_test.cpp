#include "sync/codec_feedback.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "sync/codec_topk.hpp"

namespace euromesh::sync {
namespace {

std::vector<float> normal_values(std::size_t count, Random& random) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

std::vector<const Codec*> every_codec() {
    std::vector<const Codec*> codecs{&topk_codec()};
    for (std::string_view name : codec_names()) codecs.push_back(*find_codec(name));
    return codecs;
}

std::vector<float> decoded(const Codec& codec, std::span<const std::byte> bytes, std::size_t count) {
    std::vector<float> values(count);
    codec.decode(bytes, values);
    return values;
}

// Two sites minimise |x - 1|^2 / 2, but each sees a pull of its own on the first 64 of 4,096 values, much
// larger than the gradient, that cancels in the mean. Returns |x - 1| / |start - 1| after so many steps.
double distance_left(bool feedback, float decay, int steps) {
    constexpr std::size_t count = topk_chunk;
    constexpr float rate = 0.02f;
    const Codec& codec = topk_codec();
    std::vector<ErrorFeedback> sites(2, ErrorFeedback(codec, count, decay));
    std::vector<float> x(count, 0.0f), gradient(count), mean(count);
    std::vector<std::byte> bytes(codec.encoded_bytes(count));
    for (int step = 0; step < steps; ++step) {
        std::fill(mean.begin(), mean.end(), 0.0f);
        for (std::size_t site = 0; site < 2; ++site) {
            for (std::size_t i = 0; i < count; ++i)
                gradient[i] = x[i] - 1.0f + (i < 64 ? (site == 0 ? 4.0f : -4.0f) : 0.0f);
            if (feedback) {
                REQUIRE(sites[site].encode(gradient, bytes));
            } else {
                codec.encode(gradient, bytes);
            }
            codec.accumulate(bytes, 0.5f, mean);
        }
        for (std::size_t i = 0; i < count; ++i) x[i] -= rate * mean[i];
    }
    double left = 0;
    for (const float value : x) left += (value - 1.0) * (value - 1.0);
    return std::sqrt(left / count);
}

}  // namespace

TEST_CASE("what is sent and what is left is what came in, in every round and over all rounds") {
    constexpr std::size_t count = 4096 + 300;
    for (const Codec* codec : every_codec()) {
        for (const float decay : {1.0f, 0.95f}) {
            CAPTURE(codec->name());
            Random random(1);
            ErrorFeedback feedback(*codec, count, decay);
            std::vector<std::byte> bytes(codec->encoded_bytes(count));
            std::vector<double> total(count, 0.0), largest(count, 0.0);
            constexpr int rounds = 20;
            for (int round = 0; round < rounds; ++round) {
                const auto values = normal_values(count, random);
                REQUIRE(feedback.encode(values, bytes));
                const auto sent = decoded(*codec, bytes, count);
                for (std::size_t i = 0; i < count; ++i) {
                    total[i] = decay * total[i] + values[i] - sent[i];
                    const double here = std::abs(static_cast<double>(sent[i])) + std::abs(values[i]) +
                                        std::abs(feedback.residual()[i]);
                    largest[i] = std::max(largest[i], here);
                }
            }
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const double bound = rounds * 3 * 0x1p-24 * largest[i];  // three roundings a round
                wrong += std::abs(total[i] - feedback.residual()[i]) <= bound ? 0 : 1;
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("every value is sent sooner or later") {
    constexpr std::size_t count = 4096;
    Random random(2);
    ErrorFeedback feedback(topk_codec(), count, 1.0f);
    std::vector<float> values(count), sum(count, 0.0f);
    for (float& value : values) value = static_cast<float>(0.5 + random.uniform());
    std::vector<std::byte> bytes(topk_codec().encoded_bytes(count));
    constexpr int rounds = 400;
    for (int round = 0; round < rounds; ++round) {
        REQUIRE(feedback.encode(values, bytes));
        topk_codec().accumulate(bytes, 1.0f / rounds, sum);
    }
    for (std::size_t i = 0; i < count; i += 7) CHECK(sum[i] == doctest::Approx(values[i]).epsilon(0.3));
}

TEST_CASE("sparse descent converges with feedback and stays where it is without") {
    CHECK(distance_left(false, 1.0f, 300) > 0.99);
    CHECK(distance_left(true, 0.95f, 300) < 0.35);
    CHECK(distance_left(true, 1.0f, 300) < 0.1);
}

TEST_CASE("feedback goes on from a restored residual as if nothing had happened") {
    Random random(3);
    const Codec& codec = topk_codec();
    ErrorFeedback original(codec, 5000), copy(codec, 5000);
    std::vector<std::byte> bytes(codec.encoded_bytes(5000)), again(bytes.size());
    REQUIRE(original.encode(normal_values(5000, random), bytes));
    REQUIRE(copy.restore(original.residual()));
    const auto values = normal_values(5000, random);
    REQUIRE(original.encode(values, bytes));
    REQUIRE(copy.encode(values, again));
    CHECK(bytes == again);
    CHECK(std::equal(copy.residual().begin(), copy.residual().end(), original.residual().begin()));
}

TEST_CASE("what was not counted is kept for the next round") {
    Random random(4);
    for (const Codec* codec : every_codec()) {
        CAPTURE(codec->name());
        ErrorFeedback feedback(*codec, 600, 1.0f);
        std::vector<std::byte> bytes(codec->encoded_bytes(600));
        const auto values = normal_values(600, random);
        REQUIRE(feedback.encode(values, bytes));
        feedback.take_back(bytes);
        for (std::size_t i = 0; i < 600; ++i)
            CHECK(feedback.residual()[i] == doctest::Approx(values[i]).epsilon(1e-5));
    }
}

TEST_CASE("what is not finite is refused and leaves the residual as it was") {
    Random random(5);
    for (const Codec* codec : every_codec()) {
        CAPTURE(codec->name());
        ErrorFeedback feedback(*codec, 600);
        std::vector<std::byte> bytes(codec->encoded_bytes(600));
        REQUIRE(feedback.encode(normal_values(600, random), bytes));
        const std::vector<float> before(feedback.residual().begin(), feedback.residual().end());
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -0x1p121f}) {
            auto values = normal_values(600, random);
            values[599] = bad;
            const Status status = feedback.encode(values, bytes);
            REQUIRE_FALSE(status);
            CHECK(status.error().code == Code::bad_input);
            CHECK_FALSE(feedback.restore(values));
            CHECK(std::equal(before.begin(), before.end(), feedback.residual().begin()));
        }
        const std::vector<float> largest(600, codec->name() == "fp16" ? 0x1.8p14f : 0x1.8p119f);
        REQUIRE(feedback.encode(largest, bytes));
        CHECK(codec->is_finite(bytes, 600));
        CHECK(is_finite(feedback.residual()));
    }
    ErrorFeedback feedback(topk_codec(), 600);
    CHECK(feedback.restore(std::vector<float>(599)).error().message ==
          "residual of 599 values instead of 600");
}

}  // namespace euromesh::sync
