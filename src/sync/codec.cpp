#include "sync/codec.hpp"

#include <fmt/ranges.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/assert.hpp"
#include "sync/codec_kernels.hpp"

namespace euromesh::sync {
namespace {

const CodecKernels& best_kernels() {
    return codec_kernels().back();
}

// Checks sizes once, for all codecs.
class FixedRateCodec : public Codec {
  public:
    void encode(std::span<const float> values, std::span<std::byte> bytes) const final {
        EM_ASSERT(bytes.size() == encoded_bytes(values.size()), "room for exactly the encoded values");
        do_encode(values.data(), bytes.data(), values.size());
    }
    void decode(std::span<const std::byte> bytes, std::span<float> values) const final {
        EM_ASSERT(bytes.size() == encoded_bytes(values.size()), "the bytes of exactly these values");
        do_decode(bytes.data(), values.data(), values.size());
    }
    void accumulate(std::span<const std::byte> bytes, float weight, std::span<float> sum) const final {
        EM_ASSERT(bytes.size() == encoded_bytes(sum.size()), "the bytes of exactly these values");
        do_accumulate(bytes.data(), weight, sum.data(), sum.size());
    }
    bool is_finite(std::span<const std::byte> bytes, std::size_t values) const final {
        EM_ASSERT(bytes.size() == encoded_bytes(values), "the bytes of exactly these values");
        return do_is_finite(bytes.data(), values);
    }

  private:
    virtual void do_encode(const float* values, std::byte* bytes, std::size_t count) const = 0;
    virtual void do_decode(const std::byte* bytes, float* values, std::size_t count) const = 0;
    virtual void do_accumulate(const std::byte* bytes, float weight, float* sum, std::size_t count) const = 0;
    virtual bool do_is_finite(const std::byte* bytes, std::size_t count) const = 0;
};

class Fp32Codec final : public FixedRateCodec {
  public:
    std::string_view name() const override { return "fp32"; }
    std::size_t block() const override { return 1; }
    std::size_t encoded_bytes(std::size_t values) const override { return 4 * values; }

  private:
    // memcpy must not be given the null pointer of an empty span.
    void do_encode(const float* values, std::byte* bytes, std::size_t count) const override {
        if (count > 0) std::memcpy(bytes, values, 4 * count);
    }
    void do_decode(const std::byte* bytes, float* values, std::size_t count) const override {
        if (count > 0) std::memcpy(values, bytes, 4 * count);
    }
    void do_accumulate(const std::byte* bytes, float weight, float* sum, std::size_t count) const override {
        best_kernels().fp32_accumulate(bytes, weight, sum, count);
    }
    bool do_is_finite(const std::byte* bytes, std::size_t count) const override {
        std::uint32_t bad = 0;
        for (std::size_t i = 0; i < count; ++i) {
            std::uint32_t bits;
            std::memcpy(&bits, bytes + 4 * i, sizeof bits);
            bad |= (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
        }
        return bad == 0;
    }
};

class HalfCodec final : public FixedRateCodec {
  public:
    // A half is not finite when all bits of `exponent` are set.
    HalfCodec(std::string_view name, const CodecLoops& loops, std::uint16_t exponent)
        : name_(name), loops_(loops), exponent_(exponent) {}
    std::string_view name() const override { return name_; }
    std::size_t block() const override { return 1; }
    std::size_t encoded_bytes(std::size_t values) const override { return 2 * values; }

  private:
    void do_encode(const float* values, std::byte* bytes, std::size_t count) const override {
        loops_.encode(values, bytes, count);
    }
    void do_decode(const std::byte* bytes, float* values, std::size_t count) const override {
        loops_.decode(bytes, values, count);
    }
    void do_accumulate(const std::byte* bytes, float weight, float* sum, std::size_t count) const override {
        loops_.accumulate(bytes, weight, sum, count);
    }
    bool do_is_finite(const std::byte* bytes, std::size_t count) const override {
        const std::uint16_t exponent = exponent_;
        std::uint32_t bad = 0;
        for (std::size_t i = 0; i < count; ++i) {
            std::uint16_t half;
            std::memcpy(&half, bytes + 2 * i, sizeof half);
            bad |= (half & exponent) == exponent ? 1u : 0u;
        }
        return bad == 0;
    }

    std::string_view name_;
    const CodecLoops& loops_;
    std::uint16_t exponent_;
};

// A scale for each block, then so many bits a value.
class ScaledCodec final : public FixedRateCodec {
  public:
    // Every product of a code and a scale below `beyond` is finite, and every scale that is encoded is below.
    ScaledCodec(std::string_view name, const CodecLoops& loops, std::size_t bits, float beyond)
        : name_(name), loops_(loops), bits_(bits), beyond_(std::bit_cast<std::uint32_t>(beyond)) {}
    std::string_view name() const override { return name_; }
    std::size_t block() const override { return scaled_block; }
    std::size_t encoded_bytes(std::size_t values) const override {
        const std::size_t blocks = (values + scaled_block - 1) / scaled_block;
        return (values * bits_ + 7) / 8 + scale_bytes * blocks;
    }

  private:
    void do_encode(const float* values, std::byte* bytes, std::size_t count) const override {
        loops_.encode(values, bytes, count);
    }
    void do_decode(const std::byte* bytes, float* values, std::size_t count) const override {
        loops_.decode(bytes, values, count);
    }
    void do_accumulate(const std::byte* bytes, float weight, float* sum, std::size_t count) const override {
        loops_.accumulate(bytes, weight, sum, count);
    }
    bool do_is_finite(const std::byte* bytes, std::size_t count) const override {
        const std::size_t whole = encoded_bytes(scaled_block);
        for (std::size_t value = 0; value < count; value += scaled_block, bytes += whole) {
            std::uint32_t scale;
            std::memcpy(&scale, bytes, sizeof scale);
            if ((scale & 0x7fffffffu) >= beyond_) return false;
        }
        return true;
    }

    std::string_view name_;
    const CodecLoops& loops_;
    std::size_t bits_;
    std::uint32_t beyond_;
};

const std::array<const Codec*, 6>& all_codecs() {
    static const Fp32Codec fp32;
    static const HalfCodec bf16("bf16", best_kernels().bf16, 0x7f80);
    static const HalfCodec fp16("fp16", best_kernels().fp16, 0x7c00);
    // The code of the largest magnitude is -128, -8, 64.
    static const ScaledCodec int8("int8", best_kernels().int8, 8, 0x1p121f);
    static const ScaledCodec int4("int4", best_kernels().int4, 4, 0x1p125f);
    static const ScaledCodec e3m0("e3m0", best_kernels().e3m0, 4, 0x1p122f);
    static const std::array<const Codec*, 6> codecs{&fp32, &bf16, &fp16, &int8, &int4, &e3m0};
    return codecs;
}

}  // namespace

Result<const Codec*> find_codec(std::string_view name) {
    for (const Codec* codec : all_codecs()) {
        if (codec->name() == name) return codec;
    }
    return fail(Code::not_found, "codec '{}' is not known: use one of {}", name.substr(0, 40),
                fmt::join(codec_names(), ", "));
}

std::vector<std::string_view> codec_names() {
    std::vector<std::string_view> names;
    for (const Codec* codec : all_codecs()) names.push_back(codec->name());
    return names;
}

bool is_finite(std::span<const float> values) {
    return best_kernels().all_finite(values.data(), values.size());
}

}  // namespace euromesh::sync
