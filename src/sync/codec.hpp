// How values become bytes on the wire: fp32, bf16, fp16, and int8, int4, e3m0 with a scale per block.
//
// Why: bytes between sites are the scarce resource. A codec codes each value with a fixed number of bits, so
// sizes are known beforehand and any slice that starts at a multiple of block() can be coded by itself: the
// bytes of a buffer are the bytes of its slices one after another. Always decoded and summed in fp32.
// codec_topk.hpp has the sparse codec, which needs error feedback and is not in this list.
//
// Thread rule: a codec has no state; every function may be called from several threads at once.
//
// Invariants
// - Bit-exact: every machine and every vector width gives the same bytes and the same floats.
// - Total: any floats can be encoded, any bytes of the right size can be decoded. Spans must not overlap.
// - A value that is not finite is never hidden: it makes is_finite(bytes) false. fp32, bf16 and fp16 keep NaN
//   and infinity in their place; bf16 also rounds a finite value above 3.39e38 to infinity, fp16 one of
//   65,520 and above. The others turn the whole block into NaN; int8 also when M > 3.29e38, int4 when M
//   >= 2.98e38. A site refuses its own contribution first, by is_finite(values).
//
// Error |x - decode(encode(x))|, M = largest |value| of the block of x:
//   fp32  0
//   bf16  at most 2^-8 |x| + 2^-134                         (round to nearest even)
//   fp16  at most 2^-11 |x|, but 2^-25 when |x| < 2^-14     (round to nearest even)
//   int8  at most M/254 (1 + 2^-13)
//   int4  at most M/14 (1 + 2^-18)
//   e3m0  at most max(|x|/3, M/128) (1 + 2^-20)
//   A block of the last three with M < 2^-119 decodes to zeros, error M.
//
// On the wire, little-endian: per block of 256 values (the last may be shorter) an fp32 scale s, then the
// codes.
//   int8  s = M/127; a signed byte q each, q = x * 127/M rounded to nearest even; the value is q s
//   int4  s = M/7; q = x * 7/M likewise, four bits in two's complement
//   e3m0  s = M/64; four bits: sign, then p; the value is s 2^(p-1), 0 when p = 0. So the magnitudes are
//   M/64,
//         M/32 ... M and 0; x goes to the nearest, from halfway to the larger one
// Two values of four bits make a byte: of n values of a block, byte k has value k in its low bits and value
// ceil(n/2) + k in its high bits, 0 if there is none.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::sync {

class Codec {
  public:
    virtual ~Codec() = default;
    virtual std::string_view name() const = 0;

    // A buffer may be cut only at multiples of this many values.
    virtual std::size_t block() const = 0;
    virtual std::size_t encoded_bytes(std::size_t values) const = 0;

    // bytes.size() == encoded_bytes(values.size()) in all four (asserted).
    virtual void encode(std::span<const float> values, std::span<std::byte> bytes) const = 0;
    virtual void decode(std::span<const std::byte> bytes, std::span<float> values) const = 0;
    // sum[i] += weight * decoded[i], each operation rounded to fp32.
    virtual void accumulate(std::span<const std::byte> bytes, float weight, std::span<float> sum) const = 0;
    // Whether all values that the bytes decode to are finite: the gate for bytes from outside.
    virtual bool is_finite(std::span<const std::byte> bytes, std::size_t values) const = 0;
};

// not_found: names the codecs that exist. The object lives as long as the program.
Result<const Codec*> find_codec(std::string_view name);
std::vector<std::string_view> codec_names();

bool is_finite(std::span<const float> values);

}  // namespace euromesh::sync
