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
        if (stop_signal() != 0) ::_exit(2);
        ::raise(SIGTERM);
        for (int i = 0; i < 100 && !called; ++i) ::usleep(20000);
        ::_exit(called && stop_signal() == SIGTERM ? 0 : 1);
    }
    int status = 1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE("a delay is waited for after the signal, and no longer than its object lives") {
    const pid_t child = ::fork();
    if (child == 0) {
        watch_for_stop();
        std::atomic<bool> called{false}, never{false};
        const auto begin = std::chrono::steady_clock::now();
        ::raise(SIGTERM);
        {
            const StopWatcher watcher([&called] { called = true; }, std::chrono::milliseconds(120));
            const StopWatcher other([&never] { never = true; }, std::chrono::hours(1));
            for (int i = 0; i < 100 && !called; ++i) ::usleep(20000);
        }
        const bool in_time = std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(120);
        ::_exit(called && in_time && !never ? 0 : 1);
    }
    int status = 1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

}  // namespace
}  // namespace euromesh::os
