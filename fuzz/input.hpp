// What every fuzz target shares: the bytes that libFuzzer gives, taken piece by piece, and a file made of
// them.
//
// Why: a target is one small file, x_fuzz.cpp, that defines try_input() and nothing else; CMakeLists.txt
// finds it and makes a program of it. A target fails by a sanitizer, by an exception that gets out, or by
// EM_ASSERT: assertions state what holds of every input, above all "what decodes is what encode writes".
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "base/os/file.hpp"

namespace euromesh::fuzz {

class Input {
  public:
    explicit Input(std::span<const std::byte> bytes) : rest_(bytes) {}

    // 0 when there are none left.
    std::uint8_t byte() {
        const auto one = take(1);
        return one.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(one[0]);
    }
    std::size_t word() {
        const std::size_t low = byte();
        return low + 256u * byte();
    }
    // At most as many as there are.
    std::span<const std::byte> take(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    std::span<const std::byte> rest() const { return rest_; }
    std::string_view text() const { return {reinterpret_cast<const char*>(rest_.data()), rest_.size()}; }
    bool is_empty() const { return rest_.empty(); }

  private:
    std::span<const std::byte> rest_;
};

// A file in memory, for readers that want a path.
class MemoryFile {
  public:
    MemoryFile();
    ~MemoryFile();
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    void fill(std::span<const std::byte> bytes);
    const os::Path& path() const { return path_; }

  private:
    int descriptor_ = -1;
    os::Path path_;
};

// A folder of this process below the system's temporary one (TMPDIR); removed when the process ends in order.
const os::Path& scratch_folder();

// Defined by each target.
void try_input(Input input);

}  // namespace euromesh::fuzz
