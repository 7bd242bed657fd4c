#include "base/os/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "base/assert.hpp"

namespace euromesh::os {
namespace {

std::atomic<int> stop_flag{0};

std::atomic<bool> status_flag{false};

void note_status_request(int) {
    status_flag.store(true);
}

void note_stop(int signal) {
    stop_flag.store(signal);
}

// Only async-signal-safe calls from here to exec.
[[noreturn]] void become(char* const* arguments, int output, int errors, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    const int null = ::open("/dev/null", O_RDONLY);
    if (null >= 0) ::dup2(null, STDIN_FILENO);
    ::execv(arguments[0], arguments);
    ::_exit(127);
}

int status_of(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

Children::~Children() {
    for (Child& child : children_) {
        if (!child.ended) {
            ::kill(child.pid, SIGKILL);
            ::waitpid(child.pid, nullptr, 0);
        }
        if (child.output >= 0) ::close(child.output);
    }
}

Result<std::size_t> Children::start(const std::vector<std::string>& arguments, const Path& error_file) {
    EM_ASSERT(!arguments.empty(), "a program to start has a path");
    std::vector<char*> raw;
    for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    const int errors = ::open(error_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (errors < 0) return fail(file_error(errno, "opening", error_file));
    int pipe_ends[2];
    if (::pipe2(pipe_ends, O_CLOEXEC) != 0) {
        ::close(errors);
        return fail(Code::unavailable, "no pipe for {}: too many open files", arguments[0]);
    }
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become(raw.data(), pipe_ends[1], errors, parent);
    ::close(pipe_ends[1]);
    ::close(errors);
    if (pid < 0) {
        ::close(pipe_ends[0]);
        return fail(Code::unavailable, "cannot start {}: no process to be had", arguments[0]);
    }
    ::fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
    children_.push_back(Child{pid, pipe_ends[0]});
    return children_.size() - 1;
}

void Children::read_output(std::size_t index, std::vector<ChildEvent>& events) {
    Child& child = children_[index];
    char buffer[65536];
    ssize_t got = 0;
    while ((got = ::read(child.output, buffer, sizeof buffer)) > 0) {
        for (char c : std::string_view(buffer, static_cast<std::size_t>(got))) {
            if (c == '\n')
                events.push_back({index, std::exchange(child.partial, {})});
            else if (child.partial.size() < max_line_bytes)
                child.partial.push_back(c);
        }
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        if (!child.partial.empty()) events.push_back({index, std::exchange(child.partial, {})});
        reap(index, events);
    }
}

void Children::reap(std::size_t index, std::vector<ChildEvent>& events) {
    Child& child = children_[index];
    ::close(std::exchange(child.output, -1));
    int wait_status = 0;
    while (::waitpid(child.pid, &wait_status, 0) < 0 && errno == EINTR) {
    }
    child.ended = true;
    events.push_back({index, "", status_of(wait_status)});
}

std::vector<ChildEvent> Children::poll(std::chrono::milliseconds patience) {
    std::vector<pollfd> waiting;
    std::vector<std::size_t> owners;
    for (std::size_t i = 0; i < children_.size(); ++i) {
        if (children_[i].output < 0) continue;
        waiting.push_back({children_[i].output, POLLIN, 0});
        owners.push_back(i);
    }
    std::vector<ChildEvent> events;
    if (waiting.empty()) return events;
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(patience.count())) <= 0) return events;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (waiting[i].revents != 0) read_output(owners[i], events);
    }
    return events;
}

bool Children::any_left() const {
    for (const Child& child : children_) {
        if (!child.ended) return true;
    }
    return false;
}

void Children::send_signal(std::size_t child, int signal) {
    if (!children_[child].ended) ::kill(children_[child].pid, signal);
}

Path own_program() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error);
}

int own_process_id() {
    return ::getpid();
}

void watch_for_stop() {
    struct sigaction action {};
    action.sa_handler = note_stop;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() {
    return stop_flag.load() != 0;
}

int stop_signal() {
    return stop_flag.load();
}

void watch_for_status_requests() {
    struct sigaction action {};
    action.sa_handler = note_status_request;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, nullptr);
}

bool take_status_request() {
    return status_flag.exchange(false);
}

std::size_t raise_open_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

void ignore_broken_pipes() {
    std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace euromesh::os
