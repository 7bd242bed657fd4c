// Child processes whose standard output is read line by line.
//
// A Children set starts programs, hands out their lines as they come, and ends what is left when it is
// destroyed: a launcher that dies (even by kill -9) takes its children along. Lines over max_line_bytes are
// cut. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::os {

inline constexpr std::size_t max_line_bytes = 1u << 20;

struct ChildEvent {
    std::size_t child = 0;             // as returned by start()
    std::string line;                  // without its newline; empty for an exit
    std::optional<int> exit_status{};  // 0..255, or 128 + signal
};

class Children {
  public:
    Children() = default;
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;
    ~Children();

    // arguments[0] is the program's path. Standard error goes to `error_file` (truncated). Never through a
    // shell.
    Result<std::size_t> start(const std::vector<std::string>& arguments, const Path& error_file);

    // Whatever happened within `patience`; empty when nothing did, or when no child is left.
    std::vector<ChildEvent> poll(std::chrono::milliseconds patience);

    bool any_left() const;
    int process_id(std::size_t child) const { return children_[child].pid; }
    void send_signal(std::size_t child, int signal);

  private:
    struct Child {
        int pid = -1;
        int output = -1;
        bool ended = false;
        std::string partial{};
    };
    void read_output(std::size_t index, std::vector<ChildEvent>& events);
    void reap(std::size_t index, std::vector<ChildEvent>& events);
    std::vector<Child> children_;
};

// The path of the running program.
Path own_program();
int own_process_id();

// True once the user asked to stop (SIGINT or SIGTERM) after watch_for_stop() was called.
void watch_for_stop();
bool stop_requested();
// By which signal, the last one: SIGTERM is how a scheduler says that the time is over; 0: not yet.
int stop_signal();

// Somebody has asked for a status line (SIGUSR1) since the last call, after watch_for_status_requests().
void watch_for_status_requests();
bool take_status_request();

// As many open files as the system's administrator permits, not only as many as a shell gives. Returns how
// many.
std::size_t raise_open_file_limit();

// Writes to a closed pipe or socket become errors instead of ending the process.
void ignore_broken_pipes();

}  // namespace euromesh::os
