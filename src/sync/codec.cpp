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

class Bf16Codec final : public FixedRateCodec {
  public:
    std::string_view name() const override { return "bf16"; }
    std::size_t block() const override { return 1; }
    std::size_t encoded_bytes(std::size_t values) const override { return 2 * values; }

  private:
    void do_encode(const float* values, std::byte* bytes, std::size_t count) const override {
        best_kernels().bf16_encode(values, bytes, count);
    }
    void do_decode(const std::byte* bytes, float* values, std::size_t count) const override {
        best_kernels().bf16_decode(bytes, values, count);
    }
    void do_accumulate(const std::byte* bytes, float weight, float* sum, std::size_t count) const override {
        best_kernels().bf16_accumulate(bytes, weight, sum, count);
    }
    bool do_is_finite(const std::byte* bytes, std::size_t count) const override {
        std::uint32_t bad = 0;
        for (std::size_t i = 0; i < count; ++i) {
            std::uint16_t half;
            std::memcpy(&half, bytes + 2 * i, sizeof half);
            bad |= (half & 0x7f80u) == 0x7f80u ? 1u : 0u;
        }
        return bad == 0;
    }
};

class Int8Codec final : public FixedRateCodec {
  public:
    std::string_view name() const override { return "int8"; }
    std::size_t block() const override { return int8_block; }
    std::size_t encoded_bytes(std::size_t values) const override {
        return values + int8_header * ((values + int8_block - 1) / int8_block);
    }

  private:
    void do_encode(const float* values, std::byte* bytes, std::size_t count) const override {
        best_kernels().int8_encode(values, bytes, count);
    }
    void do_decode(const std::byte* bytes, float* values, std::size_t count) const override {
        best_kernels().int8_decode(bytes, values, count);
    }
    void do_accumulate(const std::byte* bytes, float weight, float* sum, std::size_t count) const override {
        best_kernels().int8_accumulate(bytes, weight, sum, count);
    }
    // The smallest q is -128: a scale below 2^121 keeps every product finite. Larger ones are never encoded.
    bool do_is_finite(const std::byte* bytes, std::size_t count) const override {
        for (std::size_t value = 0, at = 0; value < count;
             value += int8_block, at += int8_header + int8_block) {
            std::uint32_t scale;
            std::memcpy(&scale, bytes + at, sizeof scale);
            if ((scale & 0x7fffffffu) >= std::bit_cast<std::uint32_t>(0x1p121f)) return false;
        }
        return true;
    }
};

const std::array<const Codec*, 3>& all_codecs() {
    static const Fp32Codec fp32;
    static const Bf16Codec bf16;
    static const Int8Codec int8;
    static const std::array<const Codec*, 3> codecs{&fp32, &bf16, &int8};
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
