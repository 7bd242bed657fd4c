#include "base/os/detached_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include "base/assert.hpp"

namespace euromesh::os {
namespace {

constexpr std::uint64_t proc_most_bytes = 4096;
// Fields 6 and 22 of /proc/PID/stat; what stands behind the name in parentheses begins with field 3.
constexpr int session_field = 6 - 3;
constexpr int start_field = 22 - 3;

struct Actions {
    Actions() {
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawnattr_init(&attributes);
    }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
    ~Actions() {
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
};

void set_attributes(posix_spawnattr_t& attributes) {
    sigset_t none, usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::sigaddset(&usual, signal);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> raw;
    for (const std::string& text : texts) raw.push_back(const_cast<char*>(text.c_str()));
    raw.push_back(nullptr);
    return raw;
}

struct ProcessStat {
    char state = '?';
    int session = 0;
    std::uint64_t start_ticks = 0;
};

// The n-th field, counted from what stands behind the name in parentheses.
template <class Number>
bool read_field(std::string_view fields, int n, Number& value) {
    std::size_t at = 0;
    for (int i = 0; i < n && at != std::string_view::npos; ++i) at = fields.find(' ', at + 1);
    if (at == std::string_view::npos) return false;
    return std::from_chars(fields.data() + at + 1, fields.data() + fields.size(), value).ec == std::errc();
}

std::optional<ProcessStat> read_stat(const std::string& pid) {
    const auto text = read_file("/proc/" + pid + "/stat", proc_most_bytes);
    // The name may hold anything, also parentheses.
    const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
    if (name_end == std::string::npos || name_end + 2 >= text->size()) return std::nullopt;
    const std::string_view fields = std::string_view(*text).substr(name_end + 2);
    ProcessStat stat{.state = fields[0]};
    if (!read_field(fields, session_field, stat.session) ||
        !read_field(fields, start_field, stat.start_ticks))
        return std::nullopt;
    return stat;
}

std::string boot_id() {
    auto text = read_file("/proc/sys/kernel/random/boot_id", proc_most_bytes).value_or("");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

}  // namespace

Result<int> start_detached(const DetachedStart& start) {
    EM_ASSERT(!start.arguments.empty(), "a program to start has a path");
    Actions actions;
    ::posix_spawn_file_actions_addopen(&actions.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions.files, STDOUT_FILENO, start.said_file.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&actions.files, STDOUT_FILENO, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions.files, STDERR_FILENO + 1);
    set_attributes(actions.attributes);
    std::vector<std::string> variables;
    for (const auto& [name, value] : start.environment) variables.push_back(name + "=" + value);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, start.arguments[0].c_str(), &actions.files, &actions.attributes,
                                    pointers(start.arguments).data(), pointers(variables).data());
    if (error == 0) return pid;
    return fail(error == ENOENT || error == EACCES ? Code::not_found : Code::unavailable,
                "cannot start {}: {}", start.arguments[0], std::strerror(error));
}

std::optional<int> take_exit_status(int pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<ProcessIdentity> identify_process(int pid) {
    const auto stat = read_stat(std::to_string(pid));
    if (!stat) return fail(Code::not_found, "there is no process {}", pid);
    return ProcessIdentity{pid, stat->session, stat->start_ticks, boot_id()};
}

bool is_alive(const ProcessIdentity& process) {
    const auto stat = read_stat(std::to_string(process.pid));
    return stat && stat->start_ticks == process.start_ticks && stat->state != 'Z' && stat->state != 'X' &&
           boot_id() == process.boot;
}

// The number of a session is not given again while somebody is in it.
void kill_session_of(const ProcessIdentity& process) {
    if (process.session <= 1 || process.session == ::getsid(0) || process.boot != boot_id()) return;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        int pid = 0;
        const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (read.ec != std::errc() || pid <= 1) continue;
        const auto stat = read_stat(name);
        if (stat && stat->session == process.session && stat->start_ticks >= process.start_ticks)
            ::kill(pid, SIGKILL);
    }
}

}  // namespace euromesh::os
