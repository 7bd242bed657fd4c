#include "base/os/machine_probe.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace euromesh::os {
namespace {

constexpr std::uint64_t small_file = 64u << 10;

Limit limit_of(__rlimit_resource resource) {
    rlimit raw{};
    Limit limit;
    if (::getrlimit(resource, &raw) != 0) return limit;
    if (raw.rlim_cur != RLIM_INFINITY) limit.soft = raw.rlim_cur;
    if (raw.rlim_max != RLIM_INFINITY) limit.hard = raw.rlim_max;
    return limit;
}

// "max" and what version 1 says in its place, a number near 2^63, are no limits.
std::optional<std::uint64_t> number_in(std::string_view text) {
    char* end = nullptr;
    const std::string copy(text);
    const std::uint64_t number = std::strtoull(copy.c_str(), &end, 10);
    if (end == copy.c_str() || copy[0] == '-' || number >= std::uint64_t{1} << 60) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> number_of(const Path& file) {
    const auto text = read_file(file, small_file);
    return text ? number_in(*text) : std::nullopt;
}

template <class T>
void lower(std::optional<T>& to, const std::optional<T>& candidate) {
    if (candidate && (!to || *candidate < *to)) to = candidate;
}

std::optional<double> share(std::optional<std::uint64_t> quota, std::optional<std::uint64_t> period) {
    if (!quota || !period || *period == 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> version_2_cores(const Path& folder) {
    const auto text = read_file(folder / "cpu.max", small_file);
    const std::size_t blank = text ? text->find(' ') : std::string::npos;
    if (blank == std::string::npos) return std::nullopt;
    return share(number_in(text->substr(0, blank)), number_in(text->substr(blank + 1)));
}

void lower_by(const Path& folder, GroupLimits& limits) {
    lower(limits.memory_bytes, number_of(folder / "memory.max"));
    lower(limits.memory_bytes, number_of(folder / "memory.limit_in_bytes"));
    lower(limits.cores, version_2_cores(folder));
    lower(limits.cores,
          share(number_of(folder / "cpu.cfs_quota_us"), number_of(folder / "cpu.cfs_period_us")));
}

// From the group up to the root: each one around it limits as well. In a container the group's own path may
// not be seen, then only the root is.
void lower_upwards(const Path& root, Path group, GroupLimits& limits) {
    for (int depth = 0; depth < 32; ++depth) {
        lower_by(root / group.relative_path(), limits);
        if (group.relative_path().empty()) return;
        group = group.parent_path();
    }
}

struct Descriptor {
    int number = -1;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
};

struct Removed {
    Path path;
    ~Removed() { ::unlink(path.c_str()); }
};

Status write_all(int descriptor, const std::string& bytes, const Path& path) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t wrote = ::write(descriptor, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return fail(file_error(errno, "writing", path));
        done += static_cast<std::size_t>(wrote);
    }
    return {};
}

Result<Nanoseconds> timed_sync(int descriptor, const std::string& bytes, const Path& path,
                               const Clock& clock) {
    const Nanoseconds began = clock.monotonic();
    EM_TRY(write_all(descriptor, bytes, path));
    if (::fdatasync(descriptor) != 0) return fail(file_error(errno, "fdatasync of", path));
    return clock.monotonic() - began;
}

Result<double> write_rate(int descriptor, std::size_t bytes, const Path& path, const Clock& clock) {
    const std::string piece(std::min<std::size_t>(bytes, 1u << 20), 'e');
    const Nanoseconds began = clock.monotonic();
    std::size_t done = 0;
    for (; done < bytes; done += piece.size()) EM_TRY(write_all(descriptor, piece, path));
    if (::fsync(descriptor) != 0) return fail(file_error(errno, "fsync of", path));
    const double seconds = to_seconds(clock.monotonic() - began);
    return seconds > 0 ? static_cast<double>(done) / seconds : 0;
}

// Numbers of the file systems that centres and laptops have (statfs(2), linux/magic.h; Lustre, BeeGFS and
// GPFS from their own sources).
std::string kind_of(std::uint64_t magic) {
    struct Row {
        std::uint64_t magic;
        const char* name;
    };
    constexpr Row rows[] = {{0xef53, "ext"},         {0x58465342, "xfs"},    {0x9123683e, "btrfs"},
                            {0x01021994, "tmpfs"},   {0x6969, "nfs"},        {0x0bd00bd0, "lustre"},
                            {0x47504653, "gpfs"},    {0x19830326, "beegfs"}, {0x00c36400, "ceph"},
                            {0x794c7630, "overlay"}, {0x65735546, "fuse"},   {0x2fc12fc1, "zfs"}};
    for (const Row& row : rows) {
        if (row.magic == magic) return row.name;
    }
    return fmt::format("unknown (0x{:x})", magic);
}

}  // namespace

ProcessLimits process_limits() {
    return {limit_of(RLIMIT_CPU), limit_of(RLIMIT_NOFILE), limit_of(RLIMIT_AS), limit_of(RLIMIT_NPROC)};
}

GroupLimits group_limits(std::string_view membership, const Path& root) {
    GroupLimits limits;
    while (!membership.empty()) {
        const std::size_t end = std::min(membership.find('\n'), membership.size());
        const std::string_view line = membership.substr(0, end);
        membership.remove_prefix(std::min(end + 1, membership.size()));
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos || line.find("/..") != std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const Path group(line.substr(second + 1));
        if (controllers.empty()) lower_upwards(root, group, limits);
        if (controllers == "memory") lower_upwards(root / "memory", group, limits);
        if (controllers.starts_with("cpu") && controllers != "cpuset")
            lower_upwards(root / "cpu", group, limits);
    }
    return limits;
}

GroupLimits group_limits() {
    return group_limits(read_file("/proc/self/cgroup", small_file).value_or(""), "/sys/fs/cgroup");
}

SendBuffers send_buffers() {
    SendBuffers found;
    const std::string automatic = read_file("/proc/sys/net/ipv4/tcp_wmem", 100).value_or("");
    if (const std::size_t last = automatic.find_last_of(" \t"); last != std::string::npos)
        found.automatic_most = number_in(automatic.substr(last + 1)).value_or(0);
    found.asked_most = number_of("/proc/sys/net/core/wmem_max").value_or(0);
    return found;
}

bool can_load(const std::string& library) {
    void* const handle = ::dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) return false;
    ::dlclose(handle);
    return true;
}

std::vector<DeviceFile> accelerator_files(const Path& dev) {
    std::vector<DeviceFile> found;
    std::error_code error;
    for (std::filesystem::directory_iterator at(dev, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        const bool nvidia = name.starts_with("nvidia") && name.size() > 6 && name[6] >= '0' && name[6] <= '9';
        if (!nvidia && name != "kfd") continue;
        found.push_back({at->path().string(), ::access(at->path().c_str(), R_OK | W_OK) == 0});
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return found;
}

std::string host_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

bool has_interface(const std::string& name) {
    return ::if_nametoindex(name.c_str()) != 0;
}

Result<FileAccess> file_access(const Path& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return fail(file_error(errno, "looking at", path));
    if (::access(path.c_str(), R_OK) != 0) return fail(file_error(errno, "reading", path));
    return FileAccess{static_cast<std::uint64_t>(facts.st_size),
                      (facts.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH)) != 0};
}

Result<FolderRoom> folder_room(const Path& folder) {
    struct statvfs room {};
    struct statfs raw {};
    if (::statvfs(folder.c_str(), &room) != 0 || ::statfs(folder.c_str(), &raw) != 0)
        return fail(file_error(errno, "looking at", folder));
    FolderRoom found;
    found.free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
    if (room.f_files > 0) found.free_files = room.f_favail;
    found.kind = kind_of(static_cast<std::uint64_t>(raw.f_type) & 0xffffffffu);
    return found;
}

Result<DiskSpeed> measure_disk(const Path& folder, std::size_t bytes, std::size_t syncs, Nanoseconds limit,
                               const Clock& clock) {
    const std::string name = fmt::format(".euromesh-check-{}-{}", host_name(), ::getpid());
    const Path path = folder / name, renamed = folder / (name + "-renamed");
    const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.number < 0) return fail(file_error(errno, "writing", path));
    const Removed one{path}, other{renamed};
    const Nanoseconds until = clock.monotonic() + limit;
    DiskSpeed speed;
    EM_ASSIGN(speed.write_bytes_per_s, write_rate(file.number, bytes, path, clock));
    const std::string page(4096, 'm');
    while (speed.syncs.empty() || (speed.syncs.size() < syncs && clock.monotonic() < until)) {
        EM_ASSIGN(const Nanoseconds took, timed_sync(file.number, page, path, clock));
        speed.syncs.push_back(took);
    }
    if (::rename(path.c_str(), renamed.c_str()) != 0) return fail(file_error(errno, "renaming", path));
    std::sort(speed.syncs.begin(), speed.syncs.end());
    return speed;
}

ClockSteps watch_clocks(const Clock& clock, Nanoseconds duration) {
    ClockSteps steps;
    const Nanoseconds began = clock.monotonic(), wall_began = clock.wall();
    Nanoseconds last = began;
    while (last - began < duration && steps.reads < 1'000'000) {
        const Nanoseconds now = clock.monotonic();
        steps.back = std::max(steps.back, last - now);
        last = std::max(last, now);
        ++steps.reads;
    }
    steps.wall_drift = (clock.wall() - wall_began) - (clock.monotonic() - began);
    return steps;
}

}  // namespace euromesh::os
