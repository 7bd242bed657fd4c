#include "sync/codec_parallel.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "base/random.hpp"
#include "sync/codec_topk.hpp"

namespace euromesh::sync {
namespace {

std::vector<float> values_of(std::size_t size) {
    Random random(5);
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
    return values;
}

void check_same(const Codec& codec, unsigned threads, std::size_t size) {
    CAPTURE(codec.name());
    CAPTURE(threads);
    CAPTURE(size);
    const ParallelCodec parallel(codec, threads);
    const std::vector<float> values = values_of(size);
    std::vector<std::byte> expected(codec.encoded_bytes(size)), bytes(expected.size());
    codec.encode(values, expected);
    parallel.encode(values, bytes);
    CHECK(bytes == expected);
    std::vector<float> decoded(size), again(size, -1.0f), sum(size, 1.0f), total(size, 1.0f);
    codec.decode(bytes, decoded);
    parallel.decode(bytes, again);
    CHECK(again == decoded);
    codec.accumulate(bytes, 0.3f, sum);
    parallel.accumulate(bytes, 0.3f, total);
    CHECK(total == sum);
    CHECK(parallel.is_finite(bytes, size));
}

}  // namespace

TEST_CASE("any number of threads gives the bytes and floats of one") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1000}, parallel_least - 1, parallel_least + 12345}) {
        for (const unsigned threads : {1u, 2u, 7u}) {
            check_same(topk_codec(), threads, size);
            check_same(**find_codec("int4"), threads, size);
        }
    }
    check_same(**find_codec("fp32"), 3, parallel_least + 1);
}

TEST_CASE("more threads than blocks, and a value that is not finite in any slice") {
    check_same(topk_codec(), 2000, parallel_least);
    const Codec& codec = **find_codec("int8");
    const ParallelCodec parallel(codec, 4);
    for (const std::size_t at : {std::size_t{0}, parallel_least / 2, parallel_least - 1}) {
        std::vector<float> values = values_of(parallel_least);
        values[at] = std::numeric_limits<float>::infinity();
        std::vector<std::byte> bytes(codec.encoded_bytes(values.size()));
        parallel.encode(values, bytes);
        CHECK_FALSE(parallel.is_finite(bytes, values.size()));
    }
}

}  // namespace euromesh::sync
