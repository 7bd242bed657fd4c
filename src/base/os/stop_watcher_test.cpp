#include "base/os/stop_watcher.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>

#include "base/os/process.hpp"

namespace euromesh::os {
namespace {

TEST_CASE("without a signal it ends quietly with its object") {
    std::atomic<bool> called{false};
    {
        const StopWatcher watcher([&called] { called = true; });
    }
    CHECK(!called);
}

TEST_CASE("a signal reaches the callback") {
    const pid_t child = ::fork();
    if (child == 0) {
        watch_for_stop();
        std::atomic<bool> called{false};
        const StopWatcher watcher([&called] { called = true; });
        ::raise(SIGTERM);
        for (int i = 0; i < 100 && !called; ++i) ::usleep(20000);
        ::_exit(called ? 0 : 1);
    }
    int status = 1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

}  // namespace
}  // namespace euromesh::os
