// A program that is run to its end, with bounds on time and on what it says.
//
// Why: a site's own commands (its scheduler's, say) may hang for minutes or write without end; whoever asks
// them must go on. Never through a shell. Its standard input is empty; its environment is what is given here,
// none of this process's. It is a process group of its own, which is killed when the time is over.
//
// Thread rule: any thread. The caller waits.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace euromesh::os {

struct Command {
    std::vector<std::string> arguments;  // [0]: a path, or a name that is searched in this process's PATH
    std::map<std::string, std::string> environment{};
    Nanoseconds limit = std::chrono::seconds(30);
    std::size_t output_most_bytes = 1u << 20;  // of standard output; more is an error
};

struct CommandEnd {
    int exit_status = 0;     // 0..255, or 128 + signal
    bool timed_out = false;  // it was killed; what it was asked for may have happened
    std::string output{};
    std::string complaint{};  // the last 4 KiB of standard error
};

// not_found: no such program; no_space: it said more than the limit, and was killed; unavailable: no process.
Result<CommandEnd> run_command(const Command& command);

}  // namespace euromesh::os
