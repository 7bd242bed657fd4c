#include "base/os/terminal.hpp"

#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace euromesh::os {

bool is_terminal(OutputStream stream) {
    return ::isatty(stream == OutputStream::output ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

int terminal_width() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

int usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return CPU_COUNT(&set);
}

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

}  // namespace euromesh::os
