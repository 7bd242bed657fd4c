// What this machine allows a process: limits, devices, buffers, and what a folder's disk does.
//
// Why: on a foreign machine nothing can be taken for granted; a preflight measures it. These are
// measurements only: what one means is for the caller to say. Thread rule: functions are safe from any
// thread.
//
// Invariants: a probe leaves nothing behind, and is bounded in time and bytes.
// It does not: change a limit, need a right that a user lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::os {

// Nothing: unlimited.
struct Limit {
    std::optional<std::uint64_t> soft{}, hard{};
};
struct ProcessLimits {
    Limit cpu_seconds{}, open_files{}, address_space_bytes{}, processes{};
};
ProcessLimits process_limits();

// Of the control group that the process is in and of those around it, the least; nothing: unlimited.
struct GroupLimits {
    std::optional<std::uint64_t> memory_bytes{};
    std::optional<double> cores{};
};
// `membership` is the text of /proc/self/cgroup, `root` the place of /sys/fs/cgroup; versions 1 and 2 of
// control groups (man 7 cgroups).
GroupLimits group_limits(std::string_view membership, const Path& root);
GroupLimits group_limits();

// How much one TCP stream may have under way, bytes: the end of the kernel's automatic send buffer
// (net.ipv4.tcp_wmem) and what may be asked for (net.core.wmem_max). 0: not told here.
struct SendBuffers {
    std::uint64_t automatic_most = 0, asked_most = 0;
};
SendBuffers send_buffers();

// The system's loader finds the library by its name, "libcuda.so.1".
bool can_load(const std::string& library);
// Device files in /dev of accelerators that are there, and whether this user may open them.
struct DeviceFile {
    std::string path{};
    bool may_use = false;
};
std::vector<DeviceFile> accelerator_files(const Path& dev = "/dev");

std::string host_name();
bool has_interface(const std::string& name);

// not_found, refused: it cannot be read by this process.
struct FileAccess {
    std::uint64_t size_bytes = 0;
    bool others_may_read = false;  // group or anybody
};
Result<FileAccess> file_access(const Path& path);

// As `df` and `df -i` say, for this user. Some file systems do not count files: nothing.
struct FolderRoom {
    std::uint64_t free_bytes = 0;
    std::optional<std::uint64_t> free_files{};
    std::string kind{};  // "ext", "lustre", ...; "unknown (0x...)"
};
Result<FolderRoom> folder_room(const Path& folder);

struct DiskSpeed {
    double write_bytes_per_s = 0;      // with the fsync at the end
    std::vector<Nanoseconds> syncs{};  // of one page written and fdatasync'ed, sorted; at least one
};
// Writes one file of `bytes`, then small ones with a sync each until `syncs` are measured or the time is
// over, and renames it; removes it. no_space: full, or over a quota; refused: no right; unavailable.
Result<DiskSpeed> measure_disk(const Path& folder, std::size_t bytes, std::size_t syncs, Nanoseconds limit,
                               const Clock& clock);

// So often the monotonic clock was read, how far it ever went back (0 where it keeps its word), and by how
// much the wall clock moved against it meanwhile.
struct ClockSteps {
    std::size_t reads = 0;
    Nanoseconds back{0}, wall_drift{0};
};
ClockSteps watch_clocks(const Clock& clock, Nanoseconds duration);

}  // namespace euromesh::os
