#include "base/os/folder.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace euromesh::os {
namespace {

constexpr std::size_t entries_max = 1'000'000;
constexpr int depth_max = 16;

bool is_hidden(const std::string& name) {
    return name.empty() || name[0] == '.';
}

bool is_temporary(const std::string& name) {
    return name.ends_with(".tmp");
}

// Keeps the `most` smallest names in a heap whose top is the largest.
class Smallest {
  public:
    explicit Smallest(std::size_t most) : most_(most) {}
    void add(FolderEntry entry) {
        if (most_ == 0 || (kept_.size() == most_ && !less(entry, kept_.front()))) return;
        kept_.push_back(std::move(entry));
        std::push_heap(kept_.begin(), kept_.end(), less);
        if (kept_.size() <= most_) return;
        std::pop_heap(kept_.begin(), kept_.end(), less);
        kept_.pop_back();
    }
    std::vector<FolderEntry> sorted() {
        std::sort_heap(kept_.begin(), kept_.end(), less);
        return std::move(kept_);
    }

  private:
    static bool less(const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; }
    std::size_t most_;
    std::vector<FolderEntry> kept_;
};

class Walk {
  public:
    Walk(const Path& root, std::size_t most) : root_(root), found_(most) {}

    Status into(const std::string& folder, int depth) {
        std::error_code error;
        std::filesystem::directory_iterator entries(root_ / folder, error), end;
        if (error && error != std::errc::no_such_file_or_directory) {
            return fail(file_error(error.value(), "listing", root_ / folder));
        }
        for (; !error && entries != end; entries.increment(error)) EM_TRY(add(*entries, folder, depth));
        return {};
    }
    std::vector<FolderEntry> found() { return found_.sorted(); }

  private:
    Status add(const std::filesystem::directory_entry& entry, const std::string& folder, int depth) {
        if (++seen_ > entries_max) {
            return fail(Code::bad_input, "listing {}: more than {} entries (is it the right folder?)",
                        root_.string(), entries_max);
        }
        const std::string name = entry.path().filename().string();
        if (is_hidden(name) || is_temporary(name)) return {};
        const std::string whole = folder.empty() ? name : folder + "/" + name;
        struct stat status {};
        if (::lstat(entry.path().c_str(), &status) != 0) return {};
        if (S_ISDIR(status.st_mode) && depth < depth_max) return into(whole, depth + 1);
        if (S_ISREG(status.st_mode)) found_.add({whole, static_cast<std::uint64_t>(status.st_size)});
        return {};
    }

    const Path& root_;
    Smallest found_;
    std::size_t seen_ = 0;
};

}  // namespace

Result<std::vector<FolderEntry>> list_files(const Path& root, const std::string& folder, std::size_t most) {
    Walk walk(root, most);
    EM_TRY(walk.into(folder, 0));
    return walk.found();
}

Result<std::size_t> read_range(const Path& path, std::uint64_t offset, std::span<std::byte> room) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail(file_error(errno, "reading", path));
    std::size_t got = 0;
    int error = 0;
    while (got < room.size() && error == 0) {
        const ssize_t part =
            ::pread(file, room.data() + got, room.size() - got, static_cast<off_t>(offset + got));
        if (part == 0) break;
        if (part > 0) got += static_cast<std::size_t>(part);
        if (part < 0 && errno != EINTR) error = errno;
    }
    ::close(file);
    if (error != 0) return fail(file_error(error, "reading", path));
    return got;
}

Result<FileMark> file_mark(const Path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return fail(file_error(errno, "looking at", path));
    if (!S_ISREG(status.st_mode)) return fail(Code::bad_input, "{} is not a file", path.string());
    const auto ns = [](const struct timespec& time) {
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    };
    return FileMark{static_cast<std::uint64_t>(status.st_size), status.st_dev, status.st_ino,
                    ns(status.st_mtim), ns(status.st_ctim)};
}

Status remove_file(const Path& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
    return fail(file_error(errno, "removing", path));
}

std::size_t sweep_folder(const Path& root, const std::string& folder, Nanoseconds age) {
    std::error_code error;
    std::size_t removed = 0;
    const auto now = std::filesystem::file_time_type::clock::now();
    for (const auto& entry : std::filesystem::directory_iterator(root / folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!is_hidden(name) && !is_temporary(name)) continue;
        const auto written = entry.last_write_time(error);
        if (error || !entry.is_regular_file(error) || now - written < age) continue;
        if (std::filesystem::remove(entry.path(), error)) ++removed;
    }
    return removed;
}

Result<std::uint64_t> free_bytes(const Path& folder) {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0) return fail(file_error(errno, "asking for room in", folder));
    return std::uint64_t{status.f_bavail} * status.f_frsize;
}

FolderWatch::FolderWatch(FolderWatch&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderWatch& FolderWatch::operator=(FolderWatch&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

FolderWatch::~FolderWatch() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

FolderWatch FolderWatch::open(const Path& folder) {
    FolderWatch watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    const std::uint32_t changes = IN_MOVED_TO | IN_CLOSE_WRITE;
    if (watch.descriptor_ >= 0 && ::inotify_add_watch(watch.descriptor_, folder.c_str(), changes) < 0) {
        ::close(std::exchange(watch.descriptor_, -1));
    }
    return watch;
}

bool FolderWatch::wait(Nanoseconds timeout) {
    pollfd item{descriptor_, POLLIN, 0};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timespec limit{seconds.count(), (timeout - seconds).count()};
    if (::ppoll(&item, 1, &limit, nullptr) <= 0) return false;
    char events[4096];
    while (::read(descriptor_, events, sizeof events) > 0) {
    }
    return true;
}

}  // namespace euromesh::os
