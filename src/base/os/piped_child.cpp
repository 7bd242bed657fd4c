#include "base/os/piped_child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/assert.hpp"

namespace euromesh::os {
namespace {

constexpr std::size_t words_most = 300;
// Between the polite signal and the one that cannot be refused.
constexpr std::chrono::milliseconds patience{300};

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

// The child starts as if from a terminal: no signal blocked or ignored, whatever this process does.
void set_attributes(posix_spawnattr_t& attributes) {
    sigset_t none, usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    ::sigaddset(&usual, SIGPIPE);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

int spawn(const std::vector<std::string>& arguments, int stream, int errors, pid_t& pid) {
    Actions actions;
    ::posix_spawn_file_actions_adddup2(&actions.files, stream, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions.files, stream, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions.files, errors, STDERR_FILENO);
    set_attributes(actions.attributes);
    std::vector<char*> raw;
    for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    return ::posix_spawnp(&pid, raw[0], &actions.files, &actions.attributes, raw.data(), environ);
}

void add_words(std::string& said, std::string_view more) {
    for (const char c : more) {
        if (c == '\n') {
            said.push_back('\n');
        } else if (c != '\r' && said.size() < 4 * words_most) {
            // A new line takes the place of the one before.
            if (!said.empty() && said.back() == '\n') said.clear();
            said.push_back(c >= 0x20 && c < 0x7f ? c : '?');
        }
    }
}

}  // namespace

Result<std::pair<PipedChild, Socket>> PipedChild::start(const std::vector<std::string>& arguments) {
    EM_ASSERT(!arguments.empty(), "a program to start has a name");
    EM_ASSIGN(auto ends, Socket::pair());
    int pipe_ends[2];
    if (::pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(Code::unavailable, "no pipe for {}: {}", arguments[0], std::strerror(errno));
    // Programs expect standard input that waits.
    ::fcntl(ends.second.descriptor(), F_SETFL, 0);
    pid_t pid = -1;
    const int error = spawn(arguments, ends.second.descriptor(), pipe_ends[1], pid);
    ::close(pipe_ends[1]);
    if (error != 0) {
        ::close(pipe_ends[0]);
        return fail(error == ENOENT || error == EACCES ? Code::not_found : Code::unavailable,
                    "cannot start {}: {}", arguments[0], std::strerror(error));
    }
    return std::pair(PipedChild(pid, pipe_ends[0]), std::move(ends.first));
}

PipedChild::PipedChild(PipedChild&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      status_(other.status_),
      said_(std::move(other.said_)) {}

PipedChild& PipedChild::operator=(PipedChild&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(errors_, other.errors_);
    std::swap(status_, other.status_);
    std::swap(said_, other.said_);
    return *this;
}

PipedChild::~PipedChild() {
    if (errors_ >= 0) ::close(errors_);
    if (pid_ < 0) return;
    // The group may live on after its first process.
    ::kill(-pid_, SIGTERM);
    const auto step = std::chrono::milliseconds(2);
    for (auto waited = step; !exit_status() && waited < patience; waited += step)
        std::this_thread::sleep_for(step);
    ::kill(-pid_, SIGKILL);
    if (!status_) ::waitpid(pid_, nullptr, 0);
}

std::optional<int> PipedChild::exit_status() {
    int status = 0;
    if (!status_ && pid_ >= 0 && ::waitpid(pid_, &status, WNOHANG) == pid_)
        status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return status_;
}

std::string PipedChild::last_words() {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::read(errors_, buffer, sizeof buffer)) > 0)
        add_words(said_, {buffer, static_cast<std::size_t>(got)});
    return said_.substr(0, std::min(words_most, said_.find('\n')));
}

}  // namespace euromesh::os
