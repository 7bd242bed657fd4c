// Training text: byte shards in memory maps, random windows from them, fixed held-out windows.
//
// A window is context + 1 bytes and never crosses a shard. A Sampler's position is one word, so that a
// checkpoint resumes with exactly the windows that would have come. Text is read-only and may be shared by
// threads; a Sampler belongs to one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/os/file.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace euromesh::trainer {

// `rows` windows of `length` bytes, one after another. Token t predicts token t + 1: length is context + 1.
struct Batch {
    std::vector<std::uint8_t> bytes;
    std::size_t rows = 0;
    std::size_t length = 0;

    std::size_t tokens() const { return rows * (length - 1); }
};

class Text {
  public:
    // bad_input: a shard is shorter than `shortest` bytes (one window); the message names the file.
    static Result<Text> open(std::span<const os::Path> shards, std::size_t shortest);
    static Result<Text> open(const os::Path& shard, std::size_t shortest) {
        return open(std::span(&shard, 1), shortest);
    }

    std::size_t size() const;
    // Number of windows of this length, at every position of every shard.
    std::size_t window_count(std::size_t length) const;
    // index < window_count(length).
    std::span<const std::uint8_t> window(std::size_t index, std::size_t length) const;

  private:
    std::vector<os::MappedFile> shards_;
};

class Sampler {
  public:
    // Member `index` of those that draw from the same seed in data-parallel training; 0 alone.
    static Sampler start(std::uint64_t seed, std::uint64_t index = 0) {
        return Sampler(derive_seed(seed, index));
    }
    static Sampler resume(std::uint64_t state) { return Sampler(state); }

    // Fills the batch with `rows` windows drawn uniformly, keeping its buffer.
    void next(const Text& text, std::size_t rows, std::size_t length, Batch& batch);
    std::uint64_t state() const { return random_.state(); }

  private:
    explicit Sampler(std::uint64_t state) : random_(state) {}
    Random random_;
};

// `count` windows, evenly spaced from the first to the last: the same at every call.
Batch held_out_windows(const Text& text, std::size_t count, std::size_t length);

}  // namespace euromesh::trainer
