// A Slurm cluster for tests: testbed/slurm/cluster.sh in a folder of its own, started once for each process.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "base/os/command.hpp"
#include "base/os/system_clock.hpp"
#include "base/os/terminal.hpp"
#include "federation/batch/batch_conformance_for_test.hpp"
#include "federation/batch/slurm_batch.hpp"
#include "federation/batch/slurm_commands.hpp"

namespace euromesh::federation {

class SlurmCluster {
  public:
    explicit SlurmCluster(std::vector<std::string> options, const std::string& submit_rules) {
        // Short: a socket's path has its limits.
        path_ = "/tmp/em-slurm-" + std::to_string(::getpid());
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
        if (!os::write_file_atomically(path_ / "rules.lua", submit_rules)) FAIL("no room for a cluster");
        options.insert(options.end(), {"--submit-rules", (path_ / "rules.lua").string()});
        options.insert(options.begin(), {"testbed/slurm/cluster.sh", "start", (path_ / "cluster").string()});
        const auto end = run(std::move(options));
        failure_ = end.exit_status == 0 ? "" : "the cluster does not start: " + end.complaint;
    }
    SlurmCluster(const SlurmCluster&) = delete;
    SlurmCluster& operator=(const SlurmCluster&) = delete;
    ~SlurmCluster() {
        run({"testbed/slurm/cluster.sh", "stop", (path_ / "cluster").string()});
        std::filesystem::remove_all(path_);
    }

    const std::string& failure() const { return failure_; }
    std::string conf() const { return (path_ / "cluster/slurm.conf").string(); }
    const os::Path& path() const { return path_; }
    os::CommandEnd run(std::vector<std::string> arguments) const {
        auto end =
            os::run_command({.arguments = std::move(arguments),
                             .environment = {{"PATH", os::environment("PATH").value_or("/usr/bin:/bin")},
                                             {"HOME", "/tmp"},
                                             {"TZ", "UTC"},
                                             {"SLURM_CONF", conf()}},
                             .limit = std::chrono::seconds(60)});
        return end ? *end : os::CommandEnd{.exit_status = 127, .complaint = end.error().message};
    }
    // As the operator.
    std::string ask(std::vector<std::string> arguments) const { return run(std::move(arguments)).output; }
    void cluster(const std::string& verb, const std::string& what) const {
        const auto end = run({"testbed/slurm/cluster.sh", verb, (path_ / "cluster").string(), what});
        if (end.exit_status != 0) FAIL(end.complaint);
    }

  private:
    os::Path path_;
    std::string failure_;
};

// As accounts are checked where there is an accounting.
inline constexpr const char* centre_rules =
    "function slurm_job_submit(job, partitions, uid)\n"
    "  if job.account == 'nix' then\n"
    "    slurm.log_user('project nix has no hours left at this centre')\n"
    "    return slurm.ERROR\n"
    "  end\n"
    "  return slurm.SUCCESS\n"
    "end\n"
    "function slurm_job_modify(job, old, partitions, uid) return slurm.SUCCESS end\n";

// Null, with a visible word, where the packages are not installed; ./test installs them.
inline SlurmCluster* slurm_or_skip() {
    static std::unique_ptr<SlurmCluster> cluster;
    if (!std::filesystem::exists("/usr/sbin/slurmctld")) {
        MESSAGE("skipped: Slurm is missing (tools/setup.sh --test)");
        return nullptr;
    }
    if (!cluster) {
        cluster = std::make_unique<SlurmCluster>(
            std::vector<std::string>{"--nodes", "1", "--cpus", "2", "--rest", "--set", "KillWait=1", "--set",
                                     "SlurmdTimeout=3", "--set", "MessageTimeout=2"},
            centre_rules);
    }
    if (!cluster->failure().empty()) FAIL(cluster->failure());
    return cluster.get();
}

// A folder of jobs; takes everything along when it goes.
struct SlurmFolder {
    explicit SlurmFolder(const SlurmCluster& chosen) : cluster(chosen) {
        static std::atomic<int> count{0};
        path = cluster.path() / ("jobs-" + std::to_string(++count));
        std::filesystem::create_directories(path / "scratch");
        options = {.root = path / "journal", .grace_ms = 100, .look_ms = 20, .again_ms = 100};
    }
    SlurmFolder(const SlurmFolder&) = delete;
    SlurmFolder& operator=(const SlurmFolder&) = delete;
    ~SlurmFolder() {
        cluster.run({"scancel", "--me"});
        while (!cluster.ask({"squeue", "-h", "--me"}).empty()) pause_a_little();
        std::filesystem::remove_all(path);
    }
    Result<std::unique_ptr<BatchSystem>> open() const {
        EM_ASSIGN(auto made, SlurmBatch::open(options, scheduler(), clock));
        return std::unique_ptr<BatchSystem>(std::move(made));
    }
    std::unique_ptr<SlurmScheduler> scheduler() const {
        if (make_scheduler) return make_scheduler();
        return std::make_unique<SlurmCommands>(
            SlurmCommandsOptions{.environment = {{"SLURM_CONF", cluster.conf()}}});
    }
    BatchUnderTest test() const {
        return {.open = [this] { return open(); }, .scratch = path / "scratch", .slots = 2};
    }

    const SlurmCluster& cluster;
    os::Path path;
    os::SystemClock clock;
    SlurmBatchOptions options{};
    std::function<std::unique_ptr<SlurmScheduler>()> make_scheduler{};
};

}  // namespace euromesh::federation
