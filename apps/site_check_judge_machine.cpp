#include <algorithm>
#include <cmath>

#include "apps/site_check_judge.hpp"

namespace euromesh::apps {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A round writes its manifest with a sync: slower than this it is felt.
constexpr Nanoseconds slow_sync = milliseconds(100);
// Checkpoints of a model of 1 GB would take 20 s.
constexpr double slow_write = 50e6;
// A run keeps a handful of files a site, a spool some hundred segments.
constexpr std::uint64_t few_files = 10'000;

// 2025-01-01 and 2100-01-01: a clock outside of these years was never set.
constexpr Nanoseconds wall_least = seconds(1'735'689'600), wall_most = seconds(4'102'444'800);
constexpr Nanoseconds wall_step = milliseconds(100);
// What people accept in logs of several sites; certificates and time limits are far coarser.
constexpr Nanoseconds offset_most = seconds(5);
// Queues of 36 h and wall times of 48 h: a run over a month needs new keys in time.
constexpr Nanoseconds keys_short = hours(24 * 30);

std::string limit_text(const os::Limit& limit, bool in_bytes) {
    const auto one = [&](const std::optional<std::uint64_t>& value) {
        if (!value) return std::string("unlimited");
        return in_bytes ? bytes_text(static_cast<double>(*value)) : std::to_string(*value);
    };
    return fmt::format("{} (hard {})", one(limit.soft), one(limit.hard));
}

Finding judge_least(const std::string& name, const os::Limit& limit,
                    const std::optional<std::uint64_t>& value, std::uint64_t least, bool in_bytes,
                    std::string remedy) {
    const std::string measured = limit_text(limit, in_bytes);
    if (!value || *value >= least) return ok("limits", name, measured);
    return warning("limits", name, measured, std::move(remedy));
}

Finding judge_cpu(const os::Limit& limit) {
    const auto value = limit.soft ? limit.soft : limit.hard;
    if (!value) return ok("limits", "CPU time", "unlimited");
    return warning("limits", "CPU time", limit_text(limit, false) + " s",
                   fmt::format("a relay here must live within {} s: relay --cpu-seconds {}, started again by "
                               "cron; train elsewhere",
                               *value, *value));
}

Finding judge_room(const FolderSample& sample) {
    const std::string name = sample.name + ": room";
    const os::FolderRoom& room = *sample.room;
    const std::string files = room.free_files ? fmt::format(", {} files", *room.free_files) : "";
    const std::string measured =
        fmt::format("{} free{} on {}", bytes_text(static_cast<double>(room.free_bytes)), files, room.kind);
    if (room.free_bytes < sample.needed_bytes) {
        return warning(
            "disk", name, measured,
            fmt::format("{} are advisable for checkpoints and segments: free some, or choose another "
                        "folder",
                        bytes_text(static_cast<double>(sample.needed_bytes))));
    }
    if (room.free_files && *room.free_files < few_files) {
        return warning("disk", name, measured, "few files may still be made here: remove old ones");
    }
    return ok("disk", name, measured);
}

Finding judge_speed(const FolderSample& sample) {
    const std::string name = sample.name + ": writing";
    const os::DiskSpeed& speed = *sample.speed;
    const std::size_t count = speed.syncs.size();
    const Nanoseconds median = speed.syncs[count / 2], late = speed.syncs[(count * 99 - 1) / 100];
    const std::string measured =
        fmt::format("{}/s; fdatasync median {}, p99 {} of {}; rename works",
                    bytes_text(speed.write_bytes_per_s), time_text(median), time_text(late), count);
    if (median > slow_sync) {
        return warning("disk", name, measured,
                       "slow to make things durable: put the run folder on scratch, and use fewer, longer "
                       "rounds");
    }
    if (speed.write_bytes_per_s < slow_write)
        return warning("disk", name, measured, "slow: write checkpoints seldom (checkpoint_rounds)");
    return ok("disk", name, measured);
}

std::string remedy_for_folder(Code code) {
    switch (code) {
        case Code::not_found:
            return "make it (mkdir -p), on a file system that this node sees: paths differ between login and "
                   "compute nodes";
        case Code::refused:
            return "no right to write: choose a folder of your own on scratch";
        case Code::no_space:
            return "the disk, the quota or the number of files is exhausted: `quota`, `lfs quota`, `df -i`; "
                   "free some";
        default:
            return "the file system fails: choose another, and tell the centre";
    }
}

std::optional<Finding> judge_groups_memory(const os::GroupLimits& limits) {
    constexpr std::uint64_t least = std::uint64_t{1} << 30;
    if (!limits.memory_bytes) return std::nullopt;
    const std::string measured = bytes_text(static_cast<double>(*limits.memory_bytes)) + " by control group";
    if (*limits.memory_bytes >= least) return ok("limits", "memory", measured);
    return warning("limits", "memory", measured, "ask the batch system for more (sbatch --mem)");
}

}  // namespace

Findings judge_folder(const FolderSample& sample) {
    Findings found;
    for (const auto* error :
         {sample.room ? nullptr : &sample.room.error(), sample.speed ? nullptr : &sample.speed.error()}) {
        if (!error) continue;
        return {problem("disk", sample.name, *error, remedy_for_folder(error->code))};
    }
    return {judge_room(sample), judge_speed(sample)};
}

Findings judge_clock(const os::ClockSteps& steps, Nanoseconds wall) {
    Findings found;
    const std::string now = iso8601_utc(std::clamp<Nanoseconds>(wall, Nanoseconds(0), wall_most));
    if (wall < wall_least || wall >= wall_most) {
        found.push_back(problem("clock", "wall clock", {Code::refused, now + ": was never set"},
                                "set it (chrony, ntpd): certificates are refused by a wrong clock"));
    } else if (std::chrono::abs(steps.wall_drift) > wall_step) {
        found.push_back(
            warning("clock", "wall clock",
                    fmt::format("{}; set by {} while we looked", now, time_text(steps.wall_drift)),
                    "somebody sets it: wait until chrony or ntpd has settled"));
    } else {
        found.push_back(ok("clock", "wall clock", now));
    }
    if (steps.back > Nanoseconds(0)) {
        found.push_back(problem("clock", "monotonic clock",
                                {Code::corrupted, "goes back by " + time_text(steps.back)},
                                "the machine (or its virtualisation) is broken: do not use this node"));
    } else {
        found.push_back(ok("clock", "monotonic clock", fmt::format("{} reads, never back", steps.reads)));
    }
    return found;
}

Finding judge_offset(const std::string& name, Nanoseconds ahead, Nanoseconds bound, Nanoseconds wall,
                     const std::optional<os::Validity>& keys) {
    const std::string title = name + ": clock";
    const std::string measured =
        fmt::format("{} {} ours, to +- {}", time_text(std::chrono::abs(ahead)),
                    ahead < Nanoseconds(0) ? "behind" : "ahead of", time_text(bound));
    const Nanoseconds there = wall + ahead;
    if (keys && (there < keys->from || there >= keys->until)) {
        return problem("clock", title, {Code::refused, measured + ": there our keys are not valid"},
                       "set the clock that is wrong (compare both with `date -u`)");
    }
    if (std::chrono::abs(ahead) - bound <= offset_most) return ok("clock", title, measured);
    return warning("clock", title, measured,
                   "one of the two clocks is not kept (chronyc tracking): logs of the sites will not fit "
                   "together");
}

Finding judge_host_name(const std::string& name, Nanoseconds look_up, const std::optional<Error>& failed) {
    if (failed) {
        return warning("names", "own name", failed->message,
                       "write numeric addresses in the run file; libraries that look this node up will wait");
    }
    const std::string measured = fmt::format("{} found in {}", name, time_text(look_up));
    if (look_up < seconds(1)) return ok("names", "own name", measured);
    return warning("names", "own name", measured, "a name server does not answer: write numeric addresses");
}

Finding judge_temporary(const std::string& path, bool is_set, const Status& written) {
    const std::string text = is_set ? path : path + " (TMPDIR is not set)";
    if (written) return ok("names", "temporary folder", text + " can be written");
    return warning("names", "temporary folder", written.error().message,
                   "export TMPDIR=/dev/shm or a folder on scratch that is there on this node");
}

Findings judge_limits(const os::ProcessLimits& limits) {
    Findings found{judge_cpu(limits.cpu_seconds)};
    // A site has a few for each peer; the program raises the soft limit to the hard one by itself.
    found.push_back(judge_least("open files", limits.open_files, limits.open_files.hard, 256, false,
                                "a hub or many peers need more: have the hard limit raised (ulimit -Hn)"));
    // Maps of checkpoints and torch's libraries count, though they are not resident.
    found.push_back(judge_least("address space", limits.address_space_bytes, limits.address_space_bytes.soft,
                                std::uint64_t{8} << 30, true, "ulimit -v unlimited, or ask for more memory"));
    found.push_back(judge_least("processes", limits.processes, limits.processes.soft, 64, false,
                                "threads count as well: ulimit -u, or fewer other programs"));
    return found;
}

Findings judge_groups(const os::GroupLimits& limits, int cores) {
    Findings found;
    if (auto memory = judge_groups_memory(limits)) found.push_back(std::move(*memory));
    const std::string measured = fmt::format("{} may be used", cores);
    if (limits.cores && *limits.cores < cores) {
        found.push_back(
            warning("limits", "cores",
                    fmt::format("{}, but the control group grants {:.1f}", measured, *limits.cores),
                    fmt::format("start with --threads {}, or ask the batch system for more",
                                std::max(1, static_cast<int>(*limits.cores)))));
    } else {
        found.push_back(ok("limits", "cores", measured));
    }
    return found;
}

Findings judge_devices(const DeviceSample& sample) {
    std::string seen;
    bool usable = true, nvidia = false;
    for (const os::DeviceFile& file : sample.files) {
        seen += (seen.empty() ? "" : " ") + file.path;
        usable = usable && file.may_use;
        nvidia = nvidia || file.path.find("nvidia") != std::string::npos;
    }
    if (sample.files.empty()) return {ok("devices", "accelerators", "none seen: train with --device cpu")};
    Findings found;
    if (usable) {
        found.push_back(ok("devices", "accelerators", seen));
    } else {
        found.push_back(
            warning("devices", "accelerators", seen + ": not all may be opened",
                    "ask the batch system for them (sbatch --gpus), or join the group of the files"));
    }
    if (nvidia && !sample.has_cuda) {
        found.push_back(
            warning("devices", "driver", "libcuda.so.1 does not load",
                    "in a container start with the driver bound in (--nv); else the node's driver "
                    "is broken"));
    }
    if (!sample.has_torch) {
        found.push_back(
            warning("devices", "torch module", "not beside the program",
                    "--device cuda needs a build with torch (EUROMESH_TORCH=ON); cpu works without"));
    } else {
        found.push_back(ok("devices", "torch module", "found"));
    }
    return found;
}

Findings judge_keys(const KeySample& sample, Nanoseconds wall) {
    if (sample.failed) {
        return {
            problem("keys", "keys", *sample.failed,
                    sample.failed->code == Code::not_found
                        ? "copy ca.pem and this site's .pem and .key to " + sample.folder +
                              " (made by euromesh pki init)"
                        : "make or copy the right ones: all sites' keys come from one euromesh pki init")};
    }
    Findings found;
    const Nanoseconds left = sample.validity.until - wall;
    const std::string measured = fmt::format("valid until {}, {} days", iso8601_utc(sample.validity.until),
                                             std::chrono::duration_cast<hours>(left).count() / 24);
    if (left < keys_short) {
        found.push_back(
            warning("keys", "keys", measured,
                    "a long run outlives them: euromesh pki init --overwrite, then give all sites "
                    "theirs"));
    } else {
        found.push_back(ok("keys", "keys", measured));
    }
    if (sample.others_may_read) {
        found.push_back(problem("keys", "key's owner", {Code::refused, "others may read or write the key"},
                                "chmod 600 on the .key; if others had access, make new keys"));
    } else {
        found.push_back(ok("keys", "key's owner", "only its owner may read it"));
    }
    return found;
}

Finding judge_file(const std::string& name, const std::string& path, const Result<os::FileAccess>& access) {
    if (!access) {
        return problem("disk", name, access.error(),
                       "copy it to this site, or correct its path in the run file");
    }
    if (access->size_bytes == 0)
        return problem("disk", name, {Code::bad_input, path + ": is empty"}, "copy it to this site again");
    return ok("disk", name, fmt::format("{}: {}", path, bytes_text(static_cast<double>(access->size_bytes))));
}

}  // namespace euromesh::apps
