#include "base/os/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace euromesh::os {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    int get() const { return value_; }
    bool open() const { return value_ >= 0; }

  private:
    int value_;
};

// Returns 0, or the errno of the first write that failed.
int write_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return 0;
}

int write_pieces(int descriptor, std::span<const std::span<const std::byte>> pieces) {
    for (std::span<const std::byte> piece : pieces) {
        if (const int error = write_all(descriptor, piece)) return error;
    }
    return ::fsync(descriptor) == 0 ? 0 : errno;
}

Path folder_of(const Path& path) {
    return path.has_parent_path() ? path.parent_path() : Path(".");
}

void sync_folder(const Path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.open()) ::fsync(opened.get());
}

Status write_with_mode(const Path& path, std::span<const std::span<const std::byte>> pieces, mode_t mode) {
    const Path temporary = path.string() + "." + std::to_string(::getpid()) + ".tmp";
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.open()) return fail(file_error(errno, "creating", temporary));
    int error = write_pieces(file.get(), pieces);
    if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) {
        ::unlink(temporary.c_str());
        return fail(file_error(error, "writing", path));
    }
    sync_folder(folder_of(path));
    return {};
}

std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

Code code_of(int error_number) {
    switch (error_number) {
        case ENOENT:
        case ENOTDIR:
            return Code::not_found;
        case EACCES:
        case EPERM:
        case EROFS:
            return Code::refused;
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return Code::no_space;
        case EISDIR:
        case ENAMETOOLONG:
        case ELOOP:
            return Code::bad_input;
        case EEXIST:
            return Code::conflict;
        default:
            return Code::unavailable;
    }
}

std::string_view remedy_of(Code code) {
    switch (code) {
        case Code::no_space:
            return " (free some room and try again)";
        case Code::refused:
            return " (check the owner and the permissions)";
        case Code::not_found:
            return " (check the name)";
        default:
            return "";
    }
}

}  // namespace

Error file_error(int error_number, std::string_view doing, const Path& path) {
    const Code code = code_of(error_number);
    return Error{
        code, fmt::format("{} {}: {}{}", doing, path.string(), std::strerror(error_number), remedy_of(code))};
}

Result<std::string> read_file(const Path& path, std::uint64_t max_bytes) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return fail(file_error(errno, "reading", path));
    std::string text;
    char buffer[65536];
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(file_error(errno, "reading", path));
        if (got == 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
        if (text.size() > max_bytes) {
            return fail(Code::bad_input, "reading {}: larger than the limit of {} bytes", path.string(),
                        max_bytes);
        }
    }
}

Status write_file_atomically(const Path& path, std::span<const std::span<const std::byte>> pieces) {
    return write_with_mode(path, pieces, 0644);
}

Status write_file_atomically(const Path& path, std::string_view text) {
    const std::span<const std::byte> piece = as_bytes(text);
    return write_with_mode(path, {&piece, 1}, 0644);
}

Status write_secret_atomically(const Path& path, std::string_view text) {
    const std::span<const std::byte> piece = as_bytes(text);
    return write_with_mode(path, {&piece, 1}, 0600);
}

Status make_folders(const Path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail(file_error(error.value(), "creating folder", path));
    return {};
}

Result<MappedFile> MappedFile::open(const Path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return fail(file_error(errno, "reading", path));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return fail(file_error(errno, "reading", path));
    if (!S_ISREG(status.st_mode))
        return fail(Code::bad_input, "reading {}: not a regular file", path.string());
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return MappedFile(nullptr, 0);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (data == MAP_FAILED) return fail(file_error(errno, "mapping", path));
    return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Result<AppendFile> AppendFile::open(const Path& path) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0) return fail(file_error(errno, "opening", path));
    return AppendFile(descriptor, path);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    return *this;
}

AppendFile::~AppendFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Status AppendFile::append(std::string_view text) {
    struct stat before {};
    if (::fstat(descriptor_, &before) != 0) return fail(file_error(errno, "appending to", path_));
    int error = write_all(descriptor_, as_bytes(text));
    if (error == 0 && ::fdatasync(descriptor_) != 0 && errno != EINVAL) error = errno;
    if (error == 0) return {};
    const int cut = ::ftruncate(descriptor_, before.st_size);
    return fail(
        file_error(error, cut == 0 ? "appending to" : "appending to (and it may end in half a line)", path_));
}

}  // namespace euromesh::os
