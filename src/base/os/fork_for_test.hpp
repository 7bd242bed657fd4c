// For tests that kill: a copy of this process that does one thing; and a variable of the environment for a
// while.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace euromesh::os {

// The copy runs `work` and exits with what it returns; nothing else of the test runs there. One thread only.
template <class Work>
int fork_to(const Work& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work());
    REQUIRE(child > 0);
    return child;
}

// 0..255, or 128 + signal.
inline int wait_for_child(int child) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

inline int kill_and_wait(int child) {
    ::kill(child, SIGKILL);
    return wait_for_child(child);
}

struct VariableForTest {
    VariableForTest(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    VariableForTest(const VariableForTest&) = delete;
    VariableForTest& operator=(const VariableForTest&) = delete;
    ~VariableForTest() { ::unsetenv(name_); }

  private:
    const char* name_;
};

}  // namespace euromesh::os
