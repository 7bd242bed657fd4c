#include "sync/codec_feedback.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/assert.hpp"
#include "sync/codec_topk.hpp"

namespace euromesh::sync {
namespace {

// So many values of all buffers stay in the nearest cache from one operation to the next.
constexpr std::size_t slice_values = 4096;

// The largest power of two up to 2^120 that
// it codes as finite.
float limit_of(const Codec& codec) {
    float limit = 0x1p120f;
    std::vector<std::byte> bytes(codec.encoded_bytes(1));
    for (;; limit /= 2) {
        codec.encode(std::span(&limit, 1), bytes);
        if (codec.is_finite(bytes, 1)) return limit;
    }
}

// NaN included. Compares bits as signed integers: the loops below become vectors.
bool is_beyond(float value, float limit) {
    const auto bits = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(value) & 0x7fffffffu);
    return bits > std::bit_cast<std::int32_t>(limit);
}

bool any_beyond(std::span<const float> values, float limit) {
    std::uint32_t found = 0;
    for (const float value : values) found |= is_beyond(value, limit) ? 1u : 0u;
    return found != 0;
}

bool any_sum_beyond(float decay, std::span<const float> residual, std::span<const float> values,
                    float limit) {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        found |= is_beyond(decay * residual[i] + values[i], limit) ? 1u : 0u;
    return found != 0;
}

void add(float decay, std::span<const float> values, std::span<float> residual) {
    const float* __restrict from = values.data();
    float* __restrict to = residual.data();
    for (std::size_t i = 0; i < values.size(); ++i) to[i] = decay * to[i] + from[i];
}

}  // namespace

Result<const Codec*> find_run_codec(std::string_view name) {
    if (name == topk_codec().name()) return &topk_codec();
    auto found = find_codec(name);
    if (!found) return fail(found.error().code, "{}, {}", found.error().message, topk_codec().name());
    return found;
}

ErrorFeedback::ErrorFeedback(const Codec& codec, std::size_t values, float decay)
    : codec_(codec), residual_(values, 0.0f), decay_(decay), limit_(limit_of(codec)) {
    EM_ASSERT(decay > 0 && decay <= 1, "a decay in (0, 1]");
}

Status ErrorFeedback::encode(std::span<const float> values, std::span<std::byte> bytes) {
    EM_ASSERT(values.size() == residual_.size(), "as many values as at construction");
    EM_ASSERT(bytes.size() == codec_.encoded_bytes(values.size()), "room for exactly the encoded values");
    if (any_sum_beyond(decay_, residual_, values, limit_))
        return fail(Code::bad_input, "a value with what was left of it is not finite or beyond {}", limit_);
    const std::size_t slice = std::max<std::size_t>(slice_values / codec_.block(), 1) * codec_.block();
    for (std::size_t begin = 0, at = 0; begin < values.size(); begin += slice) {
        const std::size_t count = std::min(slice, values.size() - begin);
        const std::span<float> part = std::span(residual_).subspan(begin, count);
        const std::span<std::byte> coded = bytes.subspan(at, codec_.encoded_bytes(count));
        add(decay_, values.subspan(begin, count), part);
        codec_.encode(part, coded);
        codec_.accumulate(coded, -1.0f, part);
        at += coded.size();
    }
    return {};
}

void ErrorFeedback::take_back(std::span<const std::byte> bytes) {
    codec_.accumulate(bytes, 1.0f, residual_);
}

Status ErrorFeedback::restore(std::span<const float> residual) {
    if (residual.size() != residual_.size())
        return fail(Code::bad_input, "residual of {} values instead of {}", residual.size(),
                    residual_.size());
    if (any_beyond(residual, limit_))
        return fail(Code::bad_input, "residual with a value not finite or beyond {}", limit_);
    std::copy(residual.begin(), residual.end(), residual_.begin());
    return {};
}

}  // namespace euromesh::sync
