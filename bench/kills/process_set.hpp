// Named programs that are started, killed at any moment, and started again.
//
// Why: the bench must know which ends it has caused; one that nobody asked for is a finding. Thread rule: one
// thread. Not for what the programs start themselves: find_processes() sees those.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/process.hpp"

namespace euromesh::kills {

class ProcessSet {
  public:
    // What each life says on standard error stands in `folder`, a file for each.
    explicit ProcessSet(os::Path folder) : folder_(std::move(folder)) {}

    std::size_t add(std::string name, std::vector<std::string> command);
    Status start(std::size_t which);
    // SIGKILL, or SIGTERM: an end that is asked for.
    void end(std::size_t which, int signal);
    // Waits for what happens, at most so long.
    void poll(std::chrono::milliseconds patience);

    bool runs(std::size_t which) const { return programs_[which].child.has_value(); }
    bool has_said(std::size_t which) const { return programs_[which].has_said; }
    // Of its last end.
    std::optional<int> exit_status(std::size_t which) const { return programs_[which].exit_status; }
    const std::string& name(std::size_t which) const { return programs_[which].name; }
    // Ends that nobody asked for, with what the program said.
    const std::vector<std::string>& surprises() const { return surprises_; }

  private:
    struct Program {
        std::string name;
        std::vector<std::string> command;
        std::optional<std::size_t> child{};
        int lives = 0;
        bool is_asked_to_end = false;
        bool has_said = false;  // a line: it is ready
        std::optional<int> exit_status{};
    };
    os::Path error_file(const Program& program) const;
    void note(const os::ChildEvent& event);

    os::Path folder_;
    std::vector<Program> programs_;
    std::vector<std::string> surprises_;
    os::Children children_;
};

struct FoundProcess {
    int pid = 0;
    std::string command;  // its arguments, separated by spaces
};

// Processes of this machine whose arguments contain the text, this one left out.
std::vector<FoundProcess> find_processes(const std::string& text);

// A port of this machine that nobody listens on, outside of those that outgoing connections are given: one of
// those could connect to itself while the coordinator is away.
Result<std::uint16_t> quiet_port(std::uint64_t seed);

}  // namespace euromesh::kills
