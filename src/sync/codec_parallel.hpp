// A codec that uses several cores for large buffers.
//
// Why: one core codes some GB/s, a site has many. Slices of a buffer that begin at multiples of block() are
// coded by themselves (codec.hpp), so the bytes are those of the codec it wraps, for any number of threads.
//
// Thread rule: Codec's. Threads are started for each call on a large buffer and have ended when it returns; a
// call on fewer than `parallel_least` values runs in the caller's thread alone.
#pragma once

#include <cstddef>

#include "sync/codec.hpp"

namespace euromesh::sync {

inline constexpr std::size_t parallel_least = std::size_t{1} << 20;

class ParallelCodec final : public Codec {
  public:
    // `inner` must outlive this; threads >= 1 (asserted).
    ParallelCodec(const Codec& inner, unsigned threads);

    std::string_view name() const override { return inner_.name(); }
    std::size_t block() const override { return inner_.block(); }
    std::size_t encoded_bytes(std::size_t values) const override { return inner_.encoded_bytes(values); }
    void encode(std::span<const float> values, std::span<std::byte> bytes) const override;
    void decode(std::span<const std::byte> bytes, std::span<float> values) const override;
    void accumulate(std::span<const std::byte> bytes, float weight, std::span<float> sum) const override;
    bool is_finite(std::span<const std::byte> bytes, std::size_t values) const override;

  private:
    const Codec& inner_;
    unsigned threads_;
};

}  // namespace euromesh::sync
