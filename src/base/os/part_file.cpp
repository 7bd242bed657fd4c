#include "base/os/part_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace euromesh::os {
namespace {

Path part_of(const Path& path) {
    return path.parent_path() / ("." + path.filename().string() + ".part");
}

bool is_unsupported(int error) {
    return error == EINVAL || error == ENOSYS || error == EXDEV || error == EOPNOTSUPP || error == EBADF;
}

// Between opening and locking, another process may have given it its own name.
bool is_still(const Path& path, int descriptor) {
    struct stat named {
    }, opened{};
    return ::stat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 &&
           named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

Result<std::uint64_t> size_of(int descriptor, const Path& path) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return fail(file_error(errno, "reading", path));
    if (!S_ISREG(status.st_mode))
        return fail(Code::bad_input, "reading {}: not a regular file", path.string());
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

Result<OutgoingFile> OutgoingFile::open(const Path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return fail(file_error(errno, "reading", path));
    OutgoingFile file(descriptor, 0, path);
    EM_ASSIGN(file.size_, size_of(descriptor, path));
    return file;
}

OutgoingFile::OutgoingFile(OutgoingFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

OutgoingFile& OutgoingFile::operator=(OutgoingFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(size_, other.size_);
    std::swap(path_, other.path_);
    return *this;
}

OutgoingFile::~OutgoingFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> OutgoingFile::send(Socket& socket, std::uint64_t offset, std::size_t most) {
    auto position = static_cast<off_t>(offset);
    for (;;) {
        const ssize_t sent = ::sendfile(socket.descriptor(), descriptor_, &position, most);
        if (sent > 0) return static_cast<std::size_t>(sent);
        if (sent == 0) return fail(Code::corrupted, "sending {}: it became shorter", path_.string());
        if (errno == EAGAIN) return std::size_t{0};
        if (errno != EINTR) return fail(file_error(errno, "sending", path_));
    }
}

Result<PartFile> PartFile::open(const Path& path) {
    const Path part = part_of(path);
    const int descriptor = ::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) return fail(file_error(errno, "creating", part));
    PartFile file(descriptor, 0, path);
    const bool taken = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (taken || !is_still(part, descriptor)) {
        return fail(Code::conflict, "writing {}: another process is at it", part.string());
    }
    EM_ASSIGN(file.length_, size_of(descriptor, part));
    return file;
}

PartFile::PartFile(PartFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      pipe_{std::exchange(other.pipe_[0], -1), std::exchange(other.pipe_[1], -1)},
      length_(other.length_),
      path_(std::move(other.path_)) {}

PartFile& PartFile::operator=(PartFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(pipe_[0], other.pipe_[0]);
    std::swap(pipe_[1], other.pipe_[1]);
    std::swap(length_, other.length_);
    std::swap(path_, other.path_);
    return *this;
}

PartFile::~PartFile() {
    for (const int descriptor : {descriptor_, pipe_[0], pipe_[1]}) {
        if (descriptor >= 0) ::close(descriptor);
    }
}

Status PartFile::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t wrote = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(length_));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return fail(file_error(errno, "writing", part_of(path_)));
        length_ += static_cast<std::uint64_t>(wrote);
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
    return {};
}

Result<std::size_t> PartFile::append_from(const OutgoingFile& file, std::size_t most) {
    auto from = static_cast<off_t>(length_), to = from;
    ssize_t moved = ::copy_file_range(file.descriptor(), &from, descriptor_, &to, most, 0);
    if (moved < 0 && is_unsupported(errno)) {
        ::lseek(descriptor_, from, SEEK_SET);
        moved = ::sendfile(descriptor_, file.descriptor(), &from, most);
    }
    if (moved < 0) return fail(file_error(errno, "writing", part_of(path_)));
    length_ += static_cast<std::uint64_t>(moved);
    return static_cast<std::size_t>(moved);
}

Status PartFile::empty_pipe(std::size_t count) {
    std::array<std::byte, 65536> buffer;
    while (count > 0) {
        const ssize_t got = ::read(pipe_[0], buffer.data(), std::min(count, buffer.size()));
        if (got <= 0) return fail(Code::internal, "a pipe of this process gave nothing");
        EM_TRY(append(std::span(buffer).first(static_cast<std::size_t>(got))));
        count -= static_cast<std::size_t>(got);
    }
    return {};
}

Status PartFile::pipe_to_file(std::size_t count) {
    while (count > 0) {
        auto position = static_cast<off_t>(length_);
        const ssize_t moved = ::splice(pipe_[0], nullptr, descriptor_, &position, count, SPLICE_F_MOVE);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0 && is_unsupported(errno)) return empty_pipe(count);
        if (moved <= 0) return fail(file_error(errno, "writing", part_of(path_)));
        length_ += static_cast<std::uint64_t>(moved);
        count -= static_cast<std::size_t>(moved);
    }
    return {};
}

Result<std::size_t> PartFile::append_from(Socket& socket, std::size_t most) {
    if (pipe_[0] < 0) {
        if (::pipe2(pipe_, O_CLOEXEC) != 0) return fail(Code::unavailable, "no pipe: too many open files");
        ::fcntl(pipe_[1], F_SETPIPE_SZ, 1 << 20);
    }
    for (;;) {
        const ssize_t got = ::splice(socket.descriptor(), nullptr, pipe_[1], nullptr, most,
                                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return std::size_t{0};
        if (got < 0) return fail(Code::unavailable, "connection: {}", std::strerror(errno));
        if (got == 0) return fail(Code::unavailable, "connection closed");
        EM_TRY(pipe_to_file(static_cast<std::size_t>(got)));
        return static_cast<std::size_t>(got);
    }
}

Status PartFile::truncate() {
    if (::ftruncate(descriptor_, 0) != 0) return fail(file_error(errno, "writing", part_of(path_)));
    length_ = 0;
    return {};
}

Status PartFile::commit() {
    if (::fsync(descriptor_) != 0) return fail(file_error(errno, "writing", path_));
    if (::rename(part_of(path_).c_str(), path_.c_str()) != 0) {
        return fail(file_error(errno, "writing", path_));
    }
    const int folder = ::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) ::fsync(folder);
    if (folder >= 0) ::close(folder);
    return {};
}

}  // namespace euromesh::os
