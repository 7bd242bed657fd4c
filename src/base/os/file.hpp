// Files: bounded reads, durable writes, memory maps.
//
// Anything that must survive is written temp + fsync + rename + fsync of the folder, so that a reader sees
// the old file or the new one and never half of it. Foreign errno values become Result codes here. Functions
// are safe to call from several threads; a MappedFile and an AppendFile belong to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::os {

using Path = std::filesystem::path;

// not_found, refused (permission), bad_input (a folder, or over max_bytes), unavailable (other I/O errors).
Result<std::string> read_file(const Path& path, std::uint64_t max_bytes);

// Writes the pieces one after another. no_space: the disk is full and the old file, if any, is untouched.
Status write_file_atomically(const Path& path, std::span<const std::span<const std::byte>> pieces);
Status write_file_atomically(const Path& path, std::string_view text);

// As above, readable by the owner only: keys.
Status write_secret_atomically(const Path& path, std::string_view text);

Status make_folders(const Path& path);

// Read-only view of a whole file. Must not be truncated by others while it is mapped.
class MappedFile {
  public:
    static Result<MappedFile> open(const Path& path);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();
    std::span<const std::byte> bytes() const { return {data_, size_}; }

  private:
    MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

// A file that only grows; each append is one write followed by fdatasync.
class AppendFile {
  public:
    static Result<AppendFile> open(const Path& path);
    AppendFile(AppendFile&& other) noexcept;
    AppendFile& operator=(AppendFile&& other) noexcept;
    ~AppendFile();
    // On failure the file is cut back to its length before the call.
    Status append(std::string_view text);

  private:
    AppendFile(int descriptor, Path path) : descriptor_(descriptor), path_(std::move(path)) {}
    int descriptor_ = -1;
    Path path_;
};

// errno as an Error: "writing runs/a/x: No space left on device (free some room and try again)".
Error file_error(int error_number, std::string_view doing, const Path& path);

}  // namespace euromesh::os
