#include "trainer/text.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::trainer {
namespace {

std::size_t windows_of(const os::MappedFile& shard, std::size_t length) {
    const std::size_t size = shard.bytes().size();
    return size < length ? 0 : size - length + 1;
}

void append_window(Batch& batch, std::span<const std::uint8_t> window) {
    batch.bytes.insert(batch.bytes.end(), window.begin(), window.end());
}

void clear(Batch& batch, std::size_t rows, std::size_t length) {
    batch.bytes.clear();
    batch.rows = rows;
    batch.length = length;
}

}  // namespace

Result<Text> Text::open(std::span<const os::Path> shards, std::size_t shortest) {
    if (shards.empty()) return fail(Code::bad_input, "training text: name at least one file");
    Text text;
    for (const os::Path& path : shards) {
        EM_ASSIGN(auto shard, os::MappedFile::open(path));
        if (shard.bytes().size() < std::max<std::size_t>(shortest, 2)) {
            return fail(Code::bad_input, "text {}: {} bytes; one window needs at least {}", path.string(),
                        shard.bytes().size(), std::max<std::size_t>(shortest, 2));
        }
        text.shards_.push_back(std::move(shard));
    }
    return text;
}

std::size_t Text::size() const {
    std::size_t bytes = 0;
    for (const os::MappedFile& shard : shards_) bytes += shard.bytes().size();
    return bytes;
}

std::size_t Text::window_count(std::size_t length) const {
    std::size_t count = 0;
    for (const os::MappedFile& shard : shards_) count += windows_of(shard, length);
    return count;
}

std::span<const std::uint8_t> Text::window(std::size_t index, std::size_t length) const {
    for (const os::MappedFile& shard : shards_) {
        const std::size_t here = windows_of(shard, length);
        if (index < here)
            return {reinterpret_cast<const std::uint8_t*>(shard.bytes().data()) + index, length};
        index -= here;
    }
    EM_ASSERT(false, "a window's index is below window_count()");
    return {};
}

void Sampler::next(const Text& text, std::size_t rows, std::size_t length, Batch& batch) {
    const std::size_t windows = text.window_count(length);
    clear(batch, rows, length);
    for (std::size_t row = 0; row < rows; ++row)
        append_window(batch, text.window(random_.below(windows), length));
}

Batch held_out_windows(const Text& text, std::size_t count, std::size_t length) {
    const std::size_t last = text.window_count(length) - 1;
    const std::size_t gaps = count > 1 ? count - 1 : 1;
    Batch batch;
    clear(batch, count, length);
    for (std::size_t row = 0; row < count; ++row) {
        // Quotient and remainder apart: last * row may not fit for large texts.
        const std::size_t index = (last / gaps) * row + (last % gaps) * row / gaps;
        append_window(batch, text.window(index, length));
    }
    return batch;
}

}  // namespace euromesh::trainer
