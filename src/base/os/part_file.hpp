// Files that travel: one that is sent over a socket by the kernel, and one that arrives in parts.
//
// Why: a login node kills what uses much CPU, and a transfer may be killed at any byte. So bytes go from disk
// to socket by sendfile and from socket to disk by splice, never through this process; and what has arrived
// lies under a hidden name until it is whole, where the next process finds it and goes on.
//
// Thread rule: an object belongs to one thread. Invariants: the final name appears only with commit(), after
// fsync; two processes never fill the same part (advisory lock, where the file system has one).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/os/file.hpp"
#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::os {

class OutgoingFile {
  public:
    static Result<OutgoingFile> open(const Path& path);
    OutgoingFile(OutgoingFile&& other) noexcept;
    OutgoingFile& operator=(OutgoingFile&& other) noexcept;
    ~OutgoingFile();
    std::uint64_t size() const { return size_; }
    // Bytes moved; 0: the socket is full. corrupted: the file became shorter.
    Result<std::size_t> send(Socket& socket, std::uint64_t offset, std::size_t most);
    int descriptor() const { return descriptor_; }

  private:
    OutgoingFile(int descriptor, std::uint64_t size, Path path)
        : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
    Path path_;
};

class PartFile {
  public:
    // The part of `path`, as long as an earlier process left it, or empty. conflict: another process fills
    // it.
    static Result<PartFile> open(const Path& path);
    PartFile(PartFile&& other) noexcept;
    PartFile& operator=(PartFile&& other) noexcept;
    ~PartFile();

    std::uint64_t length() const { return length_; }
    Status append(std::span<const std::byte> bytes);
    // From where that file's own bytes are as long as this part. Bytes moved; 0: its end.
    Result<std::size_t> append_from(const OutgoingFile& file, std::size_t most);
    // Bytes moved; 0: none are there now. unavailable: the connection is closed.
    Result<std::size_t> append_from(Socket& socket, std::size_t most);
    Status truncate();
    // Durable, and under its own name.
    Status commit();

  private:
    PartFile(int descriptor, std::uint64_t length, Path path)
        : descriptor_(descriptor), length_(length), path_(std::move(path)) {}
    Status empty_pipe(std::size_t count);
    Status pipe_to_file(std::size_t count);

    int descriptor_ = -1;
    int pipe_[2] = {-1, -1};
    std::uint64_t length_ = 0;
    Path path_;
};

}  // namespace euromesh::os
