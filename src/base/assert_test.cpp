#include "base/assert.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace {

TEST_CASE("a failed assertion ends the process in every build") {
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(STDERR_FILENO);
        EM_ASSERT(1 + 1 == 3, "arithmetic");
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
}

}  // namespace
