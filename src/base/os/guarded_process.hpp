// A program that is watched from before its first instruction to after its last child.
//
// Why: whoever guards a job must be able to say, after any crash, whether the job's program ever ran. So the
// process is made first and held at a gate; its guard writes down who it is, and then opens the gate. If the
// guard dies before, the program never runs; if it dies later, the process is killed with it.
//
// It becomes the leader of a process group. Its output goes through the guard into files, so that what is
// over the limit is counted and dropped instead of filling a disk. In the end nothing of it is left: children
// that it left behind, also detached ones, are killed.
//
// Thread rule: one thread, in a process that has no other children (it becomes the parent of orphans).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/detached_process.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::os {

struct GuardedStart {
    std::string executable;  // with a '/', or a name that is searched in the PATH of `environment`
    std::vector<std::string> arguments{};
    std::map<std::string, std::string> environment{};
    Path directory;
    std::array<Path, 2> output_files;            // standard output and error; made anew
    std::uint64_t output_most_bytes = 1u << 20;  // of each
};

struct GuardedEnd {
    int exit_status = 0;  // 0..255, or 128 + signal
    bool by_signal = false;
    std::int64_t cpu_ms = 0;  // with all its children
    std::array<std::uint64_t, 2> dropped_bytes{};
};

class GuardedProcess {
  public:
    // Held at the gate. not_found: no such program or directory; refused, no_space: the output files.
    static Result<GuardedProcess> start(const GuardedStart& start);
    GuardedProcess(GuardedProcess&& other) noexcept;
    GuardedProcess& operator=(GuardedProcess&&) = delete;
    // Kills what is left.
    ~GuardedProcess();

    Result<ProcessIdentity> identity() const { return identify_process(pid_); }
    // Opens the gate. not_found, refused: the system would not run it, and says why; then it has ended.
    Status release();
    // Moves output, for at most `patience` or until it has ended: true.
    bool attend(Nanoseconds patience);
    // To the whole group.
    void send_signal(int signal);
    // Once, after attend() was true or to put an end to it. Kills what is left of its group and children.
    GuardedEnd finish();

  private:
    GuardedProcess() = default;
    void close_all();
    bool has_ended() const;
    bool move_output(std::size_t stream);
    void kill_orphans();

    int pid_ = -1;
    int process_descriptor_ = -1;  // pidfd, where the kernel has one
    int gate_ = -1;
    int complaint_ = -1;  // the child's errno, if it cannot become the program
    std::array<int, 2> pipes_{-1, -1};
    std::array<int, 2> files_{-1, -1};
    std::array<std::uint64_t, 2> room_{};
    std::array<std::uint64_t, 2> dropped_{};
};

}  // namespace euromesh::os
