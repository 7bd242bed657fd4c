#include "sync/codec_topk.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/assert.hpp"
#include "sync/codec_kernels.hpp"

namespace euromesh::sync {
namespace {

constexpr std::size_t places_at = 4;
constexpr std::size_t codes_at = places_at + topk_kept * 12 / 8;
constexpr std::uint32_t high_bit = 1, negative_bit = 2;

const CodecKernels& best_kernels() {
    return codec_kernels().back();
}

struct Kept {
    std::array<std::uint16_t, topk_kept> places = {};
    std::array<float, topk_kept> values = {};
    std::size_t count = 0;
};

struct Levels {
    float low = 0;
    float high = 0;
    float split = 0;  // magnitudes above are high
};

std::size_t chunks_of(std::size_t values) {
    return (values + topk_chunk - 1) / topk_chunk;
}

Kept keep_largest(std::span<const float> chunk) {
    Kept kept;
    kept.count = std::min(topk_kept, chunk.size());
    best_kernels().select_largest(chunk.data(), chunk.size(), kept.count, kept.places.data());
    for (std::size_t i = 0; i < kept.count; ++i) kept.values[i] = chunk[kept.places[i]];
    return kept;
}

float mean(double sum, std::size_t count) {
    return count == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(count));
}

Levels levels_of(std::span<const float> kept) {
    float least = std::numeric_limits<float>::infinity(), most = 0;
    for (const float value : kept) {
        least = std::min(least, std::abs(value));
        most = std::max(most, std::abs(value));
    }
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    if (!is_finite(kept)) return {nan, nan, 0};
    const float split = least / 2 + most / 2;
    double low = 0, high = 0;
    std::size_t highs = 0;
    for (const float value : kept) {
        const bool is_high = std::abs(value) > split;
        (is_high ? high : low) += std::abs(static_cast<double>(value));
        highs += is_high ? 1 : 0;
    }
    return {mean(low, kept.size() - highs), mean(high, highs), split};
}

void put_place(std::byte* places, std::size_t i, std::uint32_t place) {
    std::uint16_t word;
    std::memcpy(&word, places + i * 12 / 8, sizeof word);
    word = static_cast<std::uint16_t>(word | place << (i % 2 * 4));
    std::memcpy(places + i * 12 / 8, &word, sizeof word);
}

std::uint32_t get_place(const std::byte* places, std::size_t i) {
    std::uint16_t word;
    std::memcpy(&word, places + i * 12 / 8, sizeof word);
    return static_cast<std::uint32_t>(word >> (i % 2 * 4)) & 0xfffu;
}

void encode_chunk(std::span<const float> chunk, std::byte* bytes) {
    const Kept kept = keep_largest(chunk);
    const Levels levels = levels_of(std::span(kept.values).first(kept.count));
    const std::array both{levels.low, levels.high};
    std::memset(bytes, 0, topk_chunk_bytes);
    best_kernels().bf16.encode(both.data(), bytes, both.size());
    for (std::size_t i = 0; i < kept.count; ++i) {
        const float value = kept.values[i];
        const std::uint32_t code =
            (std::abs(value) > levels.split ? high_bit : 0) | (std::signbit(value) ? negative_bit : 0);
        put_place(bytes + places_at, i, kept.places[i]);
        bytes[codes_at + i / 4] |= static_cast<std::byte>(code << (i % 4 * 2));
    }
}

// take(place, value) for what is kept of a chunk of `count` values. Whether all of it was well-formed.
template <class Take>
bool for_each_kept(const std::byte* bytes, std::size_t count, Take take) {
    std::array<float, 4> values;
    best_kernels().bf16.decode(bytes, values.data(), 2);
    values = {values[0], values[1], -values[0], -values[1]};
    bool well_formed = true;
    std::size_t next = 0;
    for (std::size_t i = 0; i < std::min(topk_kept, count); ++i) {
        const std::size_t place = get_place(bytes + places_at, i);
        const auto codes = std::to_integer<std::uint32_t>(bytes[codes_at + i / 4]);
        const bool valid = place >= next && place < count;
        well_formed = well_formed && valid;
        if (!valid) continue;
        take(place, values[codes >> (i % 4 * 2) & 3u]);
        next = place + 1;
    }
    return well_formed;
}

class TopkCodec final : public Codec {
  public:
    std::string_view name() const override { return "topk"; }
    std::size_t block() const override { return topk_chunk; }
    std::size_t encoded_bytes(std::size_t values) const override {
        return topk_chunk_bytes * chunks_of(values);
    }

    void encode(std::span<const float> values, std::span<std::byte> bytes) const override {
        EM_ASSERT(bytes.size() == encoded_bytes(values.size()), "room for exactly the encoded values");
        for (std::size_t chunk = 0; chunk < chunks_of(values.size()); ++chunk) {
            const std::span<const float> rest = values.subspan(chunk * topk_chunk);
            encode_chunk(rest.first(std::min(rest.size(), topk_chunk)),
                         bytes.data() + chunk * topk_chunk_bytes);
        }
    }
    void decode(std::span<const std::byte> bytes, std::span<float> values) const override {
        std::fill(values.begin(), values.end(), 0.0f);
        visit(bytes, values.size(), [values](std::size_t i, float value) { values[i] = value; });
    }
    void accumulate(std::span<const std::byte> bytes, float weight, std::span<float> sum) const override {
        visit(bytes, sum.size(), [sum, weight](std::size_t i, float value) { sum[i] += weight * value; });
    }
    bool is_finite(std::span<const std::byte> bytes, std::size_t values) const override {
        bool finite = true;
        const bool well_formed = visit(
            bytes, values, [&finite](std::size_t, float value) { finite = finite && std::isfinite(value); });
        return finite && well_formed;
    }

  private:
    template <class Take>
    bool visit(std::span<const std::byte> bytes, std::size_t values, Take take) const {
        EM_ASSERT(bytes.size() == encoded_bytes(values), "the bytes of exactly these values");
        bool well_formed = true;
        for (std::size_t begin = 0, at = 0; begin < values; begin += topk_chunk, at += topk_chunk_bytes) {
            const bool good =
                for_each_kept(bytes.data() + at, std::min(topk_chunk, values - begin),
                              [begin, &take](std::size_t place, float value) { take(begin + place, value); });
            well_formed = well_formed && good;
        }
        return well_formed;
    }
};

}  // namespace

const Codec& topk_codec() {
    static const TopkCodec codec;
    return codec;
}

}  // namespace euromesh::sync
