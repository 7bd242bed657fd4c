#include "sync/codec_parallel.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/assert.hpp"
#include "base/os/thread.hpp"

namespace euromesh::sync {
namespace {

struct Slice {
    std::size_t first = 0, size = 0;             // values
    std::size_t first_byte = 0, byte_count = 0;  // encoded
};

// One slice for each thread, of whole blocks but the last.
std::vector<Slice> slices_of(const Codec& codec, std::size_t values, unsigned threads) {
    const std::size_t wanted = values < parallel_least ? 1 : threads;
    const std::size_t blocks = (values + codec.block() - 1) / codec.block();
    const std::size_t each = std::max<std::size_t>((blocks + wanted - 1) / wanted, 1) * codec.block();
    std::vector<Slice> slices;
    for (std::size_t first = 0; first < values || slices.empty(); first += each) {
        const std::size_t size = std::min(each, values - first);
        slices.push_back({first, size, codec.encoded_bytes(first), codec.encoded_bytes(size)});
    }
    return slices;
}

template <class Work>
void for_each_slice(const std::vector<Slice>& slices, Work work) {
    std::vector<os::Thread> others;
    for (std::size_t i = 1; i < slices.size(); ++i) others.emplace_back([&, i] { work(slices[i]); });
    work(slices.front());
}

}  // namespace

ParallelCodec::ParallelCodec(const Codec& inner, unsigned threads) : inner_(inner), threads_(threads) {
    EM_ASSERT(threads >= 1, "a codec runs somewhere");
}

void ParallelCodec::encode(std::span<const float> values, std::span<std::byte> bytes) const {
    EM_ASSERT(bytes.size() == encoded_bytes(values.size()), "room for just these values");
    for_each_slice(slices_of(inner_, values.size(), threads_), [&](const Slice& slice) {
        inner_.encode(values.subspan(slice.first, slice.size),
                      bytes.subspan(slice.first_byte, slice.byte_count));
    });
}

void ParallelCodec::decode(std::span<const std::byte> bytes, std::span<float> values) const {
    EM_ASSERT(bytes.size() == encoded_bytes(values.size()), "the bytes of just these values");
    for_each_slice(slices_of(inner_, values.size(), threads_), [&](const Slice& slice) {
        inner_.decode(bytes.subspan(slice.first_byte, slice.byte_count),
                      values.subspan(slice.first, slice.size));
    });
}

void ParallelCodec::accumulate(std::span<const std::byte> bytes, float weight, std::span<float> sum) const {
    EM_ASSERT(bytes.size() == encoded_bytes(sum.size()), "the bytes of just these values");
    for_each_slice(slices_of(inner_, sum.size(), threads_), [&](const Slice& slice) {
        inner_.accumulate(bytes.subspan(slice.first_byte, slice.byte_count), weight,
                          sum.subspan(slice.first, slice.size));
    });
}

bool ParallelCodec::is_finite(std::span<const std::byte> bytes, std::size_t values) const {
    EM_ASSERT(bytes.size() == encoded_bytes(values), "the bytes of just these values");
    std::atomic<bool> all = true;
    for_each_slice(slices_of(inner_, values, threads_), [&](const Slice& slice) {
        if (!inner_.is_finite(bytes.subspan(slice.first_byte, slice.byte_count), slice.size)) all = false;
    });
    return all;
}

}  // namespace euromesh::sync
