// Encode and decode rates of all codecs on one core, next to a plain copy of the same buffer.
//
//   bench_codec [MEBIBYTES]
//
// GB/s are bytes of fp32 values (not of what they become) per second of CPU time, the best of several
// repeats, since others share the machine. "of copy" is the time of one copy of the buffer over the time of
// one encode and one decode. A buffer beyond the caches by default (64 MiB): that is what a fragment is.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/os/system_clock.hpp"
#include "base/random.hpp"
#include "sync/codec.hpp"
#include "sync/codec_feedback.hpp"
#include "sync/codec_kernels.hpp"
#include "sync/codec_topk.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

constexpr int repeats = 9;

template <class Work>
double best_seconds(Work work) {
    double best = 1e30;
    for (int i = 0; i < repeats; ++i) {
        const Nanoseconds begin = os::process_cpu_time();
        work();
        best = std::min(best, to_seconds(os::process_cpu_time() - begin));
    }
    return best;
}

struct Buffers {
    std::vector<float> values;
    std::vector<float> decoded;
    std::vector<std::byte> bytes;

    explicit Buffers(std::size_t count) : values(count), decoded(count), bytes(4 * count + 4096) {
        Random random(1);
        for (float& value : values) value = static_cast<float>(random.normal());
    }
    double gigabytes() const { return 4e-9 * static_cast<double>(values.size()); }
};

// The best so far in this run: what the machine can do does not change, its neighbours do.
double copy_seconds(Buffers& on) {
    static double best = 1e30;
    best = std::min(
        best, best_seconds([&] { std::memcpy(on.decoded.data(), on.values.data(), 4 * on.values.size()); }));
    return best;
}

struct Row {
    std::string_view codec;
    std::string_view width;
    double encode;
    double decode;
    double accumulate;
};

void print(const Row& row, Buffers& on) {
    fmt::print("{:<16} {:<10} {:>8.2f} {:>8.2f} {:>11.2f} {:>8.0f} %\n", row.codec, row.width,
               on.gigabytes() / row.encode, on.gigabytes() / row.decode, on.gigabytes() / row.accumulate,
               100 * copy_seconds(on) / (row.encode + row.decode));
}

void time_loops(std::string_view codec, std::string_view width, const CodecLoops& loops, Buffers& on) {
    const std::size_t count = on.values.size();
    print({.codec = codec,
           .width = width,
           .encode = best_seconds([&] { loops.encode(on.values.data(), on.bytes.data(), count); }),
           .decode = best_seconds([&] { loops.decode(on.bytes.data(), on.decoded.data(), count); }),
           .accumulate =
               best_seconds([&] { loops.accumulate(on.bytes.data(), 0.5f, on.decoded.data(), count); })},
          on);
}

// `encode` stands for the codec's own.
template <class Encode>
void time_codec(std::string_view name, const Codec& codec, Buffers& on, Encode encode) {
    const std::span<std::byte> bytes = std::span(on.bytes).first(codec.encoded_bytes(on.values.size()));
    print({.codec = name,
           .width = "chosen",
           .encode = best_seconds([&] { encode(bytes); }),
           .decode = best_seconds([&] { codec.decode(bytes, on.decoded); }),
           .accumulate = best_seconds([&] { codec.accumulate(bytes, 0.5f, on.decoded); })},
          on);
}

void time_plain(const Codec& codec, Buffers& on) {
    time_codec(codec.name(), codec, on, [&](std::span<std::byte> bytes) { codec.encode(on.values, bytes); });
}

void time_feedback(const Codec& codec, Buffers& on) {
    ErrorFeedback feedback(codec, on.values.size());
    bool failed = false;
    time_codec(std::string(codec.name()) + "+feedback", codec, on,
               [&](std::span<std::byte> bytes) { failed = !feedback.encode(on.values, bytes) || failed; });
    if (failed) fmt::print("feedback refused the values\n");
}

void time_every_width(Buffers& on) {
    for (const CodecKernels& kernels : codec_kernels()) {
        time_loops("bf16", kernels.name, kernels.bf16, on);
        time_loops("fp16", kernels.name, kernels.fp16, on);
        time_loops("int8", kernels.name, kernels.int8, on);
        time_loops("int4", kernels.name, kernels.int4, on);
        time_loops("e3m0", kernels.name, kernels.e3m0, on);
    }
}

}  // namespace

int main(int count, char** arguments) {
    const std::size_t mebibytes = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 64;
    Buffers buffers(std::max<std::size_t>(mebibytes, 1) << 18);
    fmt::print("buffer of {:.0f} MB; copy {:.2f} GB/s\n", 1e3 * buffers.gigabytes(),
               buffers.gigabytes() / copy_seconds(buffers));
    fmt::print("{:<16} {:<10} {:>8} {:>8} {:>11} {:>10}\n", "codec, GB/s", "width", "encode", "decode",
               "accumulate", "of copy");
    for (std::string_view name : codec_names()) time_plain(**find_codec(name), buffers);
    time_plain(topk_codec(), buffers);
    time_feedback(topk_codec(), buffers);
    time_feedback(**find_codec("int4"), buffers);
    time_every_width(buffers);
}
