// Every codec on any bytes and any sizes: decode, accumulate and is_finite agree with each other, slices
// decode as the whole does, and what is encoded from any floats decodes.
#include "sync/codec.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "fuzz/input.hpp"
#include "sync/codec_topk.hpp"

namespace euromesh::fuzz {
namespace {

constexpr std::size_t values_most = 10'000;

const sync::Codec& codec_of(std::size_t choice) {
    const auto names = sync::codec_names();
    const std::size_t index = choice % (names.size() + 1);
    return index == names.size() ? sync::topk_codec() : **sync::find_codec(names[index]);
}

// The input, repeated: few bytes of input reach every block.
std::vector<std::byte> stretch(std::span<const std::byte> bytes, std::size_t size) {
    std::vector<std::byte> all(size);
    for (std::size_t i = 0; i < size && !bytes.empty(); ++i) all[i] = bytes[i % bytes.size()];
    return all;
}

bool same_bits(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
           (std::isnan(a) && std::isnan(b)) || (a == 0 && b == 0);
}

void check_slices(const sync::Codec& codec, std::span<const std::byte> bytes, std::span<const float> whole) {
    const std::size_t cut = whole.size() / 2 / codec.block() * codec.block();
    std::vector<float> part(whole.size() - cut);
    codec.decode(bytes.subspan(codec.encoded_bytes(cut)), part);
    for (std::size_t i = 0; i < part.size(); ++i)
        EM_ASSERT(same_bits(part[i], whole[cut + i]), "a slice decodes as it does in the whole");
}

void check_decoding(const sync::Codec& codec, std::span<const std::byte> bytes, std::size_t values) {
    std::vector<float> decoded(values), sum(values, 0.0f);
    codec.decode(bytes, decoded);
    codec.accumulate(bytes, 0.5f, sum);
    for (std::size_t i = 0; i < values; ++i)
        EM_ASSERT(same_bits(sum[i], 0.5f * decoded[i]), "accumulate adds the weighted decoded value");
    const bool finite = std::ranges::all_of(decoded, [](float value) { return std::isfinite(value); });
    if (codec.is_finite(bytes, values)) EM_ASSERT(finite, "is_finite lets nothing through that is not");
    // Codecs with a scale also refuse scales that no encoder writes.
    if (codec.block() == 1)
        EM_ASSERT(codec.is_finite(bytes, values) == finite, "is_finite is what the values say");
    check_slices(codec, bytes, decoded);
}

void check_encoding(const sync::Codec& codec, std::span<const std::byte> bytes) {
    std::vector<float> values(bytes.size() / sizeof(float));
    if (values.empty()) return;
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    std::vector<std::byte> encoded(codec.encoded_bytes(values.size()));
    codec.encode(values, encoded);
    if (!sync::is_finite(values))
        EM_ASSERT(!codec.is_finite(encoded, values.size()), "a value that is not finite is never hidden");
    check_decoding(codec, encoded, values.size());
}

}  // namespace

void try_input(Input input) {
    const sync::Codec& codec = codec_of(input.byte());
    const std::size_t values = input.word() % values_most;
    check_decoding(codec, stretch(input.rest(), codec.encoded_bytes(values)), values);
    check_encoding(codec, input.rest());
}

}  // namespace euromesh::fuzz
