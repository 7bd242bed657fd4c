#include "base/os/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace euromesh::os {
namespace {

struct Folder {
    Path path = std::filesystem::temp_directory_path() / ("em_file_test_" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
};

TEST_CASE("what is written is read back, and nothing temporary stays") {
    const Folder folder;
    REQUIRE(write_file_atomically(folder.path / "a", "first"));
    REQUIRE(write_file_atomically(folder.path / "a", "second"));
    CHECK(read_file(folder.path / "a", 100) == "second");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("errors carry the place, the cause and a code for the caller") {
    const Folder folder;
    const auto missing = read_file(folder.path / "none", 10);
    CHECK(missing.error().code == Code::not_found);
    CHECK(missing.error().message.find((folder.path / "none").string()) != std::string::npos);
    REQUIRE(write_file_atomically(folder.path / "a", "12345"));
    CHECK(read_file(folder.path / "a", 4).error().code == Code::bad_input);
    CHECK(MappedFile::open(folder.path).error().code == Code::bad_input);
}

// Runs `body` in a child that may not grow a file beyond 8 bytes: what a full disk looks like to a writer.
template <class Body>
bool holds_on_a_full_disk(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{8, 8};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        ::_exit(body() ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    return status == 0;
}

TEST_CASE("a full disk leaves the old file whole and no temporary behind") {
    const Folder folder;
    const Path file = folder.path / "a";
    REQUIRE(write_file_atomically(file, "old"));
    CHECK(holds_on_a_full_disk([&file] {
        const Status status = write_file_atomically(file, "much longer than it may be");
        return !status && status.error().code == Code::no_space;
    }));
    CHECK(read_file(file, 100) == "old");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("an append that fails is cut off again") {
    const Folder folder;
    const Path file = folder.path / "log";
    CHECK(holds_on_a_full_disk([&file] {
        Result<AppendFile> log = AppendFile::open(file);
        return log && log->append("line 1\n") && !log->append("line 2\n");
    }));
    CHECK(read_file(file, 100) == "line 1\n");
}

TEST_CASE("secrets are readable by their owner only") {
    const Folder folder;
    REQUIRE(write_secret_atomically(folder.path / "key", "k"));
    struct stat status {};
    REQUIRE(::stat((folder.path / "key").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a map shows the file's bytes; an empty file is an empty map") {
    const Folder folder;
    REQUIRE(write_file_atomically(folder.path / "a", "abc"));
    REQUIRE(write_file_atomically(folder.path / "empty", ""));
    const Result<MappedFile> map = MappedFile::open(folder.path / "a");
    REQUIRE(map);
    CHECK(map->bytes().size() == 3);
    CHECK(map->bytes()[2] == std::byte{'c'});
    CHECK(MappedFile::open(folder.path / "empty")->bytes().empty());
}

}  // namespace
}  // namespace euromesh::os
