#include "sync/exchange/folder_store.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"
#include "sync/exchange/s3_store_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

TEST_CASE("what others leave half-written is not told") {
    const TestFolder folder("spool");
    FolderStore store(folder.path());
    REQUIRE(store.put("a/b/whole", std::vector<std::byte>(3), {}));
    for (const char* name : {"a/b/.rsync.x1", "a/b/whole.77.tmp", "a/b/with space"}) {
        std::ofstream(folder.path() / name) << "half";
    }
    CHECK(store.list("", 9, {}).value() == std::vector<Blob>{{"a/b/whole", 3}});
}

TEST_CASE("a place that takes no bytes is one clear error, and nothing is there afterwards") {
    const TestFolder folder("full");
    std::ofstream(folder.path() / "a") << "a file where a folder must be";
    FolderStore store(folder.path());
    const Status refused = store.put("a/b", std::vector<std::byte>(3), {});
    REQUIRE(!refused);
    CHECK(refused.error().message.find((folder.path() / "a").string()) != std::string::npos);
    CHECK(store.list("", 9, {}).value() == std::vector<Blob>{{"a", 29}});
    // A device that is always full, as a disk would be.
    std::filesystem::create_directories(folder.path() / "c");
    std::filesystem::create_symlink("/dev/full",
                                    folder.path() / "c" / fmt::format("x.{}.tmp", os::own_process_id()));
    const Status full = store.put("c/x", std::vector<std::byte>(3), {});
    REQUIRE(!full);
    CHECK(full.error().code == Code::no_space);
    CHECK(full.error().message.find("free some room") != std::string::npos);
    CHECK(store.list("c", 9, {}).value().empty());
}

TEST_CASE("a reader is woken by a put") {
    const TestFolder folder("woken");
    FolderStore store(folder.path()), writer(folder.path());
    REQUIRE(writer.put("a/one", {}, {}));
    store.wait("a", Nanoseconds(0));
    const os::SystemClock clock;
    const Nanoseconds before = clock.monotonic();
    const os::Thread thread([&] { CHECK(writer.put("a/two", {}, {})); });
    store.wait("a", std::chrono::seconds(5));
    CHECK(clock.monotonic() - before < std::chrono::seconds(4));
}
