#include "base/os/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::os {
namespace {

constexpr std::size_t complaint_most = 4096;
// A program that closes its output and lives on is looked for so often.
constexpr int reap_every_ms = 5;

class Pipe {
  public:
    Pipe() { good_ = ::pipe2(ends_, O_CLOEXEC) == 0; }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    bool good() const { return good_; }
    int end(int which) const { return ends_[which]; }
    void close_end(int which) {
        if (ends_[which] >= 0) ::close(std::exchange(ends_[which], -1));
    }

  private:
    int ends_[2] = {-1, -1};
    bool good_ = false;
};

int spawn(const Command& command, int output, int errors, pid_t& pid) {
    std::vector<std::string> variables;
    for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
    std::vector<char*> raw, settings;
    for (const std::string& argument : command.arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    for (const std::string& variable : variables) settings.push_back(const_cast<char*>(variable.c_str()));
    raw.push_back(nullptr);
    settings.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none, usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::sigaddset(&usual, signal);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    const int error = ::posix_spawnp(&pid, raw[0], &files, &attributes, raw.data(), settings.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    return error;
}

class Run {
  public:
    Run(const Command& command, pid_t pid, Pipe& output, Pipe& errors)
        : command_(command), pid_(pid), streams_{&output, &errors} {}

    Result<CommandEnd> finish();

  private:
    // Milliseconds, none below 0.
    int left_ms() const {
        const Nanoseconds left = started_ + command_.limit - clock_.monotonic();
        return static_cast<int>(std::clamp<std::int64_t>(left.count() / 1'000'000 + 1, 0, 1'000'000'000) *
                                (left.count() > 0));
    }
    bool is_open() const { return streams_[0]->end(0) >= 0 || streams_[1]->end(0) >= 0; }
    void read_some(std::size_t stream);
    void read_all();
    bool reap(int options);

    const Command& command_;
    pid_t pid_;
    std::array<Pipe*, 2> streams_;
    SystemClock clock_{};
    Nanoseconds started_ = clock_.monotonic();
    CommandEnd end_{};
    bool over_ = false;
};

void Run::read_some(std::size_t stream) {
    std::array<char, 16384> room{};
    const ssize_t got = ::read(streams_[stream]->end(0), room.data(), room.size());
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return streams_[stream]->close_end(0);
    std::string& text = stream == 0 ? end_.output : end_.complaint;
    text.append(room.data(), static_cast<std::size_t>(got));
    if (stream == 1 && text.size() > complaint_most) text.erase(0, text.size() - complaint_most);
    over_ = over_ || (stream == 0 && text.size() > command_.output_most_bytes);
}

void Run::read_all() {
    while (is_open() && !over_) {
        std::array<pollfd, 2> wanted{};
        for (std::size_t i = 0; i < 2; ++i)
            wanted[i] = {.fd = streams_[i]->end(0), .events = POLLIN, .revents = 0};
        const int ready = ::poll(wanted.data(), wanted.size(), left_ms());
        if (ready == 0) break;
        for (std::size_t i = 0; i < 2; ++i) {
            if (wanted[i].revents != 0) read_some(i);
        }
    }
}

bool Run::reap(int options) {
    int status = 0;
    pid_t got = 0;
    do got = ::waitpid(pid_, &status, options);
    while (got < 0 && errno == EINTR);
    if (got == 0) return false;
    if (got == pid_) end_.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

Result<CommandEnd> Run::finish() {
    read_all();
    bool ended = false;
    while (!over_ && !(ended = reap(WNOHANG)) && left_ms() > 0) ::poll(nullptr, 0, reap_every_ms);
    if (!ended) {
        end_.timed_out = !over_;
        ::kill(-pid_, SIGKILL);
        reap(0);
    }
    if (over_) {
        return fail(Code::no_space, "{} says more than {} bytes", command_.arguments[0],
                    command_.output_most_bytes);
    }
    return std::move(end_);
}

}  // namespace

Result<CommandEnd> run_command(const Command& command) {
    EM_ASSERT(!command.arguments.empty(), "a command has a name");
    Pipe output, errors;
    if (!output.good() || !errors.good())
        return fail(Code::unavailable, "no pipe for {}: {}", command.arguments[0], std::strerror(errno));
    pid_t pid = -1;
    const int error = spawn(command, output.end(1), errors.end(1), pid);
    if (error != 0) {
        return fail(error == ENOENT || error == EACCES ? Code::not_found : Code::unavailable,
                    "cannot start {}: {}", command.arguments[0], std::strerror(error));
    }
    output.close_end(1);
    errors.close_end(1);
    return Run(command, pid, output, errors).finish();
}

}  // namespace euromesh::os
