#include "base/os/file_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace euromesh::os {
namespace {

struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

Result<FileLock> FileLock::take(const Path& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return fail(file_error(errno, "opening", path));
    FileLock taken(descriptor);
    struct flock lock = whole_file();
    if (::fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return taken;
    if (errno == EAGAIN || errno == EACCES)
        return fail(Code::conflict, "{} is locked by another process", path.string());
    return fail(file_error(errno, "locking", path));
}

Result<bool> FileLock::is_held(const Path& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT) return false;
    if (descriptor < 0) return fail(file_error(errno, "opening", path));
    const FileLock closes(descriptor);
    struct flock lock = whole_file();
    if (::fcntl(descriptor, F_OFD_GETLK, &lock) != 0) return fail(file_error(errno, "looking at", path));
    return lock.l_type != F_UNLCK;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

FileLock::~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace euromesh::os
