// A program that outlives whoever started it; and how a process is recognised later by somebody else.
//
// Why: a site agent may be killed at any moment while jobs run for days. What guards a job is therefore no
// part of the agent: own session, own environment, none of the agent's files. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::os {

struct DetachedStart {
    std::vector<std::string> arguments;  // [0] is the program's path
    std::map<std::string, std::string> environment{};
    Path said_file;  // what it says on standard output and error is added there
};

// Its process id. The caller may, but need not, ask take_exit_status() for its end.
Result<int> start_detached(const DetachedStart& start);

// Of a process that this one has started: 0..255, or 128 + signal; nothing while it runs. Once.
std::optional<int> take_exit_status(int pid);

// Numbers of processes are given again; with the moment of the start and the boot they are not.
struct ProcessIdentity {
    int pid = 0;
    int session = 0;
    std::uint64_t start_ticks = 0;  // after boot (man 5 proc, stat, field 22)
    std::string boot{};             // /proc/sys/kernel/random/boot_id
    bool operator==(const ProcessIdentity&) const = default;
};

// not_found: no such process now.
Result<ProcessIdentity> identify_process(int pid);
bool is_alive(const ProcessIdentity& process);
// SIGKILL to every process of its session that began no earlier than it, whether it still lives or not. Not
// to those that left the session, nor to our own one.
void kill_session_of(const ProcessIdentity& process);

}  // namespace euromesh::os
