#include "base/os/folder.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/os/process.hpp"
#include "base/os/thread.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

class Folder {
  public:
    Folder()
        : path_(std::filesystem::temp_directory_path() / ("em-folder-" + std::to_string(own_process_id()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    const Path& path() const { return path_; }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
    }

  private:
    Path path_;
};

}  // namespace

TEST_CASE("a listing is in order of names, bounded, and blind to hidden and temporary files") {
    const Folder folder;
    for (const char* name : {"run/b/2", "run/b/1", "run/a/9", ".hidden/x", "run/.y", "run/a/z.tmp"}) {
        folder.write(name, "12345");
    }
    using Entries = std::vector<FolderEntry>;
    CHECK(list_files(folder.path(), "", 10).value() ==
          Entries{{"run/a/9", 5}, {"run/b/1", 5}, {"run/b/2", 5}});
    CHECK(list_files(folder.path(), "run/b", 10).value() == Entries{{"run/b/1", 5}, {"run/b/2", 5}});
    CHECK(list_files(folder.path(), "", 2).value() == Entries{{"run/a/9", 5}, {"run/b/1", 5}});
    CHECK(list_files(folder.path(), "nowhere", 2).value().empty());
}

TEST_CASE("a range ends where the file ends; a file that is gone is not found, and may be removed again") {
    const Folder folder;
    folder.write("x", "0123456789");
    std::byte room[6];
    CHECK(read_range(folder.path() / "x", 2, room).value() == 6);
    CHECK(room[0] == std::byte{'2'});
    CHECK(read_range(folder.path() / "x", 8, room).value() == 2);
    CHECK(read_range(folder.path() / "x", 20, room).value() == 0);
    CHECK(remove_file(folder.path() / "x"));
    CHECK(remove_file(folder.path() / "x"));
    CHECK(read_range(folder.path() / "x", 0, room).error().code == Code::not_found);
}

TEST_CASE("a file's mark stays while the file does, and not when another takes its place") {
    const Folder folder;
    folder.write("a", "12345");
    const auto mark = file_mark(folder.path() / "a");
    REQUIRE(mark);
    CHECK(mark->size == 5);
    CHECK(*file_mark(folder.path() / "a") == *mark);
    folder.write("b", "54321");
    std::filesystem::last_write_time(folder.path() / "b",
                                     std::filesystem::last_write_time(folder.path() / "a"));
    std::filesystem::rename(folder.path() / "b", folder.path() / "a");
    CHECK_FALSE(*file_mark(folder.path() / "a") == *mark);
    CHECK(file_mark(folder.path() / "c").error().code == Code::not_found);
    CHECK(file_mark(folder.path()).error().code == Code::bad_input);
}

TEST_CASE("what dead writers left is swept, and nothing else") {
    const Folder folder;
    for (const char* name : {"a/x.1.tmp", "a/.y.part", "a/kept"}) folder.write(name, "1");
    CHECK(sweep_folder(folder.path(), "a", std::chrono::hours(1)) == 0);
    CHECK(sweep_folder(folder.path(), "a", Nanoseconds(0)) == 2);
    CHECK(list_files(folder.path(), "a", 9).value().size() == 1);
    CHECK(sweep_folder(folder.path(), "nowhere", Nanoseconds(0)) == 0);
    CHECK(free_bytes(folder.path()).value() > 0);
}

TEST_CASE("a watch wakes when a file is moved in, and just waits when there is nothing to watch") {
    const Folder folder;
    FolderWatch watch = FolderWatch::open(folder.path());
    CHECK(!watch.wait(std::chrono::milliseconds(1)));
    folder.write("other/.x", "1");
    const Thread mover([&] { std::filesystem::rename(folder.path() / "other/.x", folder.path() / "x"); });
    CHECK(watch.wait(std::chrono::seconds(2)));
    FolderWatch none = FolderWatch::open(folder.path() / "nowhere");
    CHECK(!none.wait(std::chrono::milliseconds(1)));
}
