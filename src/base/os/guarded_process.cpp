#include "base/os/guarded_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/os/system_clock.hpp"

namespace euromesh::os {
namespace {

constexpr mode_t output_mode = 0644;
// Without a pidfd the end of a process is looked for so often.
constexpr std::chrono::milliseconds look_again{20};
// Processes that cannot even be killed (they wait for a broken disk) are left to the system.
constexpr std::chrono::seconds kill_patience{5};
constexpr std::uint64_t proc_most_bytes = 1u << 20;

// Everything that the child needs between fork and exec, made before: no memory may be asked for there.
struct ChildPlan {
    std::string program;
    std::vector<char*> arguments, variables;
    const char* directory = nullptr;
    int gate = -1, complaint = -1, out = -1, err = -1;
    pid_t guard = -1;
};

[[noreturn]] void complain(int complaint) {
    const int error = errno;
    while (::write(complaint, &error, sizeof error) < 0 && errno == EINTR) {
    }
    ::_exit(127);
}

// Only async-signal-safe calls from here to exec.
[[noreturn]] void become(const ChildPlan& plan) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.guard) ::_exit(127);
    ::setpgid(0, 0);
    char go = 0;
    while (::read(plan.gate, &go, 1) < 0 && errno == EINTR) {
    }
    if (go != 'g') ::_exit(127);
    const int null = ::open("/dev/null", O_RDONLY);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0 || ::dup2(plan.out, STDOUT_FILENO) < 0 ||
        ::dup2(plan.err, STDERR_FILENO) < 0)
        complain(plan.complaint);
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::chdir(plan.directory) != 0) complain(plan.complaint);
    ::execve(plan.program.c_str(), plan.arguments.data(), plan.variables.data());
    complain(plan.complaint);
}

bool is_program(const Path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// As a shell finds it, but in the PATH that the program will have.
Result<std::string> find_program(const GuardedStart& start) {
    const std::string& name = start.executable;
    if (name.find('/') != std::string::npos) return name;
    const auto found = start.environment.find("PATH");
    std::string_view rest =
        found == start.environment.end() ? "/usr/bin:/bin" : std::string_view(found->second);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const Path candidate = Path(rest.substr(0, end)) / name;
        if (candidate.is_absolute() && is_program(candidate)) return candidate.string();
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return fail(Code::not_found, "no program {} in the PATH: name one that is installed here", name);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> raw;
    for (const std::string& text : texts) raw.push_back(const_cast<char*>(text.c_str()));
    raw.push_back(nullptr);
    return raw;
}

void close_one(int& descriptor) {
    if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
}

}  // namespace

GuardedProcess::GuardedProcess(GuardedProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      process_descriptor_(std::exchange(other.process_descriptor_, -1)),
      gate_(std::exchange(other.gate_, -1)),
      complaint_(std::exchange(other.complaint_, -1)),
      pipes_(std::exchange(other.pipes_, {-1, -1})),
      files_(std::exchange(other.files_, {-1, -1})),
      room_(other.room_),
      dropped_(other.dropped_) {}

GuardedProcess::~GuardedProcess() {
    if (pid_ >= 0) (void)finish();
    close_all();
}

void GuardedProcess::close_all() {
    for (int* descriptor : {&process_descriptor_, &gate_, &complaint_}) close_one(*descriptor);
    for (int& descriptor : pipes_) close_one(descriptor);
    for (int& descriptor : files_) close_one(descriptor);
}

Result<GuardedProcess> GuardedProcess::start(const GuardedStart& start) {
    ChildPlan plan;
    EM_ASSIGN(plan.program, find_program(start));
    std::vector<std::string> arguments{start.executable}, variables;
    arguments.insert(arguments.end(), start.arguments.begin(), start.arguments.end());
    for (const auto& [name, value] : start.environment) variables.push_back(name + "=" + value);
    plan.arguments = pointers(arguments);
    plan.variables = pointers(variables);
    plan.directory = start.directory.c_str();
    plan.guard = ::getpid();
    GuardedProcess made;
    std::array<std::array<int, 2>, 4> ends{{{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}}};
    for (std::size_t i = 0; i < 2; ++i) {
        made.room_[i] = start.output_most_bytes;
        made.files_[i] =
            ::open(start.output_files[i].c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, output_mode);
        if (made.files_[i] < 0) return fail(file_error(errno, "opening", start.output_files[i]));
    }
    bool piped = true;
    for (auto& pair : ends) piped = piped && ::pipe2(pair.data(), O_CLOEXEC) == 0;
    made.pipes_ = {ends[0][0], ends[1][0]};
    made.complaint_ = ends[2][0];
    made.gate_ = ends[3][1];
    plan.out = ends[0][1];
    plan.err = ends[1][1];
    plan.complaint = ends[2][1];
    plan.gate = ends[3][0];
    if (piped) {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        made.pid_ = ::fork();
        if (made.pid_ == 0) {
            // Its own copy would keep the gate from ever ending.
            ::close(made.gate_);
            become(plan);
        }
    }
    for (int* descriptor : {&plan.out, &plan.err, &plan.complaint, &plan.gate}) close_one(*descriptor);
    if (made.pid_ < 0)
        return fail(Code::unavailable, "cannot start {}: no process to be had", start.executable);
    ::setpgid(made.pid_, made.pid_);
    made.process_descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, made.pid_, 0));
    for (const int pipe : made.pipes_) ::fcntl(pipe, F_SETFL, O_NONBLOCK);
    return made;
}

Status GuardedProcess::release() {
    const ssize_t sent = ::write(gate_, "g", 1);
    close_one(gate_);
    int error = 0;
    ssize_t got = 0;
    while ((got = ::read(complaint_, &error, sizeof error)) < 0 && errno == EINTR) {
    }
    close_one(complaint_);
    if (sent == 1 && got == 0) return {};
    if (got != sizeof error) return fail(Code::unavailable, "the process was killed before it began");
    const bool absent = error == ENOENT || error == ENOTDIR;
    return fail(absent ? Code::not_found : Code::refused, "cannot start the program: {}",
                std::strerror(error));
}

bool GuardedProcess::has_ended() const {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return true;
    return info.si_pid == pid_;
}

bool GuardedProcess::attend(Nanoseconds patience) {
    const SystemClock clock;
    const Nanoseconds end = clock.monotonic() + patience;
    while (!has_ended()) {
        const Nanoseconds left = end - clock.monotonic();
        if (left <= Nanoseconds{0}) return false;
        pollfd items[3] = {{process_descriptor_, POLLIN, 0}, {pipes_[0], POLLIN, 0}, {pipes_[1], POLLIN, 0}};
        auto wait = std::chrono::ceil<std::chrono::milliseconds>(left);
        if (process_descriptor_ < 0) wait = std::min(wait, look_again);
        ::poll(items, 3, static_cast<int>(std::min<std::int64_t>(wait.count(), 1000)));
        for (std::size_t i = 0; i < 2; ++i) {
            if (items[i + 1].revents != 0 && !move_output(i)) close_one(pipes_[i]);
        }
    }
    return true;
}

// What is there now; false at its end. A full disk drops output, too: the job shall not die of it.
bool GuardedProcess::move_output(std::size_t stream) {
    char buffer[65536];
    const ssize_t got = ::read(pipes_[stream], buffer, sizeof buffer);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    auto left = static_cast<std::uint64_t>(got);
    const std::uint64_t keep = std::min(left, room_[stream]);
    std::uint64_t kept = 0;
    while (kept < keep) {
        const ssize_t put = ::write(files_[stream], buffer + kept, keep - kept);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) break;
        kept += static_cast<std::uint64_t>(put);
    }
    room_[stream] -= kept;
    dropped_[stream] += left - kept;
    return true;
}

void GuardedProcess::send_signal(int signal) {
    if (pid_ > 1) ::kill(-pid_, signal);
}

// Whoever had left the group has become our child when its parent ended.
void GuardedProcess::kill_orphans() {
    const SystemClock clock;
    const Nanoseconds end = clock.monotonic() + kill_patience;
    while (clock.monotonic() < end) {
        int status = 0;
        const pid_t reaped = ::waitpid(-1, &status, WNOHANG);
        if (reaped < 0 && errno == ECHILD) return;
        if (reaped != 0) continue;
        const auto children =
            read_file(fmt::format("/proc/self/task/{}/children", ::syscall(SYS_gettid)), proc_most_bytes);
        if (!children) return;
        const char* at = children->data();
        const char* const last = at + children->size();
        int child = 0;
        for (auto read = std::from_chars(at, last, child); read.ec == std::errc();
             read = std::from_chars(at, last, child)) {
            if (child > 1) ::kill(child, SIGKILL);
            at = std::find_if(read.ptr, last, [](char c) { return c != ' '; });
        }
        ::poll(nullptr, 0, 1);
    }
}

GuardedEnd GuardedProcess::finish() {
    close_one(gate_);
    rusage before{}, after{};
    ::getrusage(RUSAGE_CHILDREN, &before);
    // While it is not waited for, its number, and its group's, cannot be given to others.
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    kill_orphans();
    for (std::size_t i = 0; i < 2; ++i) {
        while (pipes_[i] >= 0) {
            const std::uint64_t seen = room_[i] - dropped_[i];
            if (!move_output(i) || room_[i] - dropped_[i] == seen) close_one(pipes_[i]);
        }
    }
    ::getrusage(RUSAGE_CHILDREN, &after);
    const auto ms = [](const rusage& usage) {
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
               (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    };
    GuardedEnd end;
    end.by_signal = WIFSIGNALED(status);
    end.exit_status = end.by_signal ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    end.cpu_ms = ms(after) - ms(before);
    end.dropped_bytes = dropped_;
    close_all();
    return end;
}

}  // namespace euromesh::os
