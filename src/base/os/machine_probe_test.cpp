#include "base/os/machine_probe.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::os {
namespace {

namespace fs = std::filesystem;

class ProbeFolder {
  public:
    ProbeFolder() : path_(fs::temp_directory_path() / fmt::format("em-probe-{}", own_process_id())) {
        fs::create_directories(path_);
    }
    ProbeFolder(const ProbeFolder&) = delete;
    ProbeFolder& operator=(const ProbeFolder&) = delete;
    ~ProbeFolder() { fs::remove_all(path_); }
    void write(const std::string& name, std::string_view text) const {
        fs::create_directories((path_ / name).parent_path());
        REQUIRE(write_file_atomically(path_ / name, text));
    }
    const Path& path() const { return path_; }

  private:
    Path path_;
};

// Goes back once, and its wall clock is set in between.
class BadClock final : public Clock {
  public:
    Nanoseconds monotonic() const override {
        ++reads_;
        return std::chrono::milliseconds(reads_ == 5 ? 1 : reads_);
    }
    Nanoseconds wall() const override { return std::chrono::hours(++walls_); }

  private:
    mutable int reads_ = 0, walls_ = 0;
};

}  // namespace

TEST_CASE("limits are those of getrlimit") {
    rlimit files{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
    const ProcessLimits limits = process_limits();
    REQUIRE(limits.open_files.soft.has_value());
    CHECK(*limits.open_files.soft == files.rlim_cur);
}

TEST_CASE("control groups: the least of a group and those around it, version 2") {
    const ProbeFolder root;
    root.write("memory.max", "max\n");
    root.write("job/memory.max", "4000000000\n");
    root.write("job/cpu.max", "200000 100000\n");
    root.write("job/step/memory.max", "9000000000\n");
    root.write("job/step/cpu.max", "max 100000\n");
    const GroupLimits limits = group_limits("0::/job/step\n", root.path());
    CHECK(limits.memory_bytes == 4'000'000'000u);
    CHECK(limits.cores == 2.0);
    CHECK(!group_limits("0::/\n", root.path()).memory_bytes);
}

TEST_CASE("control groups: version 1, and any text") {
    const ProbeFolder root;
    root.write("memory/slurm/memory.limit_in_bytes", "1000\n");
    root.write("memory/memory.limit_in_bytes", "9223372036854771712\n");
    root.write("cpu/slurm/cpu.cfs_quota_us", "50000\n");
    root.write("cpu/slurm/cpu.cfs_period_us", "100000\n");
    root.write("cpu/cpu.cfs_quota_us", "-1\n");
    const GroupLimits limits =
        group_limits("4:memory:/slurm\n3:cpu,cpuacct:/slurm\n1:cpuset:/x", root.path());
    CHECK(limits.memory_bytes == 1000u);
    CHECK(limits.cores == 0.5);
    for (const char* text : {"", "\n\n", ":", "::", "0::/../../etc", "0::", "no colon\n:::::"}) {
        CHECK(!group_limits(text, root.path()).cores);
    }
}

TEST_CASE("a disk is measured, and nothing is left behind") {
    const ProbeFolder folder;
    const SystemClock clock;
    const auto speed = measure_disk(folder.path(), 1u << 20, 10, std::chrono::seconds(1), clock);
    REQUIRE(speed);
    CHECK(speed->write_bytes_per_s > 0);
    CHECK(speed->syncs.size() >= 1);
    CHECK(speed->syncs.size() <= 10);
    CHECK(speed->syncs.front() <= speed->syncs.back());
    CHECK(fs::is_empty(folder.path()));
    const auto room = folder_room(folder.path());
    REQUIRE(room);
    CHECK(room->free_bytes > 0);
    CHECK(!room->kind.empty());
}

TEST_CASE("a folder that cannot be written says why") {
    const SystemClock clock;
    const auto gone = measure_disk("/no/such/folder", 1, 1, Nanoseconds(0), clock);
    REQUIRE(!gone);
    CHECK(gone.error().code == Code::not_found);
    // Nobody can write here, not even root.
    CHECK(!measure_disk("/proc", 1, 1, Nanoseconds(0), clock));
    CHECK(!folder_room("/no/such/folder"));
}

TEST_CASE("one sync is measured however little time there is") {
    const ProbeFolder folder;
    const SystemClock clock;
    CHECK(measure_disk(folder.path(), 0, 50, Nanoseconds(0), clock).value().syncs.size() == 1);
}

TEST_CASE("who may read a file") {
    const ProbeFolder folder;
    REQUIRE(write_secret_atomically(folder.path() / "key", "12345"));
    const FileAccess access = file_access(folder.path() / "key").value();
    CHECK(access.size_bytes == 5);
    CHECK(!access.others_may_read);
    ::chmod((folder.path() / "key").c_str(), 0640);
    CHECK(file_access(folder.path() / "key").value().others_may_read);
    CHECK(file_access(folder.path() / "none").error().code == Code::not_found);
}

TEST_CASE("devices, libraries, interfaces, buffers") {
    const ProbeFolder dev;
    for (const char* name : {"nvidia0", "nvidiactl", "nvidia-caps", "nvidia12", "kfd", "null"})
        dev.write(name, "");
    const auto found = accelerator_files(dev.path());
    REQUIRE(found.size() == 3);
    CHECK(found[0].path == (dev.path() / "kfd").string());
    CHECK(found[2].path == (dev.path() / "nvidia12").string());
    CHECK(found[0].may_use);
    CHECK(accelerator_files(dev.path() / "none").empty());
    CHECK(can_load("libc.so.6"));
    CHECK(!can_load("libno-such-thing.so.1"));
    CHECK(has_interface("lo"));
    CHECK(!has_interface("nosuch0"));
    CHECK(!host_name().empty());
    CHECK(send_buffers().automatic_most > 0);
}

TEST_CASE("clocks that go back or are set are noticed") {
    const SystemClock good;
    const ClockSteps steps = watch_clocks(good, std::chrono::milliseconds(2));
    CHECK(steps.reads > 1);
    CHECK(steps.back == Nanoseconds(0));
    const BadClock bad;
    const ClockSteps seen = watch_clocks(bad, std::chrono::milliseconds(10));
    CHECK(seen.back == std::chrono::milliseconds(3));
    CHECK(seen.wall_drift > std::chrono::minutes(59));
}

}  // namespace euromesh::os
