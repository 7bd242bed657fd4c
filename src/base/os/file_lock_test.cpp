#include "base/os/file_lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <csignal>
#include <filesystem>

namespace euromesh::os {
namespace {

struct LockFile {
    ~LockFile() { std::filesystem::remove(path); }
    Path path = std::filesystem::temp_directory_path() / ("em-lock-" + std::to_string(::getpid()));
};

TEST_CASE("one holder at a time, also within a process") {
    const LockFile file;
    CHECK_FALSE(FileLock::is_held(file.path).value());
    {
        const auto held = FileLock::take(file.path);
        REQUIRE(held.has_value());
        CHECK(FileLock::is_held(file.path).value());
        const auto second = FileLock::take(file.path);
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().code == Code::conflict);
    }
    CHECK_FALSE(FileLock::is_held(file.path).value());
    CHECK(FileLock::take(file.path).has_value());
}

TEST_CASE("a holder that is killed holds nothing any more") {
    const LockFile file;
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto held = FileLock::take(file.path);
        const char byte = held ? 'y' : 'n';
        if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    CHECK(FileLock::is_held(file.path).value());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK_FALSE(FileLock::is_held(file.path).value());
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("a lock in a folder that is not there") {
    const auto none = FileLock::take("/nonexistent/lock");
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().code == Code::not_found);
    CHECK_FALSE(FileLock::is_held("/nonexistent/lock").value());
}

}  // namespace
}  // namespace euromesh::os
