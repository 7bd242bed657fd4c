#include "federation/store/sqlite_log_store.hpp"

#include <sqlite3.h>
#include <sys/mount.h>

#include <array>
#include <csignal>
#include <fstream>

#include "base/os/fork_for_test.hpp"
#include "federation/store/log_store_conformance_for_test.hpp"
#include "federation/store/sqlite_for_test.hpp"

namespace euromesh::federation {

void meddle_with(const os::Path& file, const std::string& sql) {
    sqlite3* raw = nullptr;
    REQUIRE(::sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
    char* text = nullptr;
    if (::sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, &text) != SQLITE_OK) FAIL(text);
    ::sqlite3_close(raw);
}

namespace {

TEST_CASE("SQLite: the log") {
    const StoreFolder folder;
    check_log([&] { return folder.open(); });
}

TEST_CASE("SQLite: snapshots and documents") {
    const StoreFolder folder;
    check_kept([&] { return folder.open(); });
}

TEST_CASE("SQLite: the lead") {
    const StoreFolder folder;
    check_lead([&] { return folder.open(); });
}

TEST_CASE("SQLite: one that was overtaken cannot write any more") {
    const StoreFolder folder;
    const auto store = leading([&] { return folder.open(); });
    REQUIRE(store->append(0, Entries{"a"}).has_value());
    folder.meddle("UPDATE state SET epoch = epoch + 1, holder = 'the next'");
    const Status late = store->append(1, Entries{"b"});
    CHECK(code_of(late) == Code::conflict);
    CHECK(late.error().message.find("the next leads") != std::string::npos);
    // Not even what it had written itself.
    CHECK(code_of(store->append(0, Entries{"a"})) == Code::conflict);
    CHECK(code_of(store->put_document("head", "x")) == Code::conflict);
    CHECK(code_of(store->put_snapshot(1, "x")) == Code::conflict);
    CHECK(store->size().value() == 1);
}

// The child appends batches of three whose entries name their numbers, and tells each one that is
// acknowledged; it is killed while it does.
int append_until_killed(const StoreFolder& folder, int told) {
    const auto store = folder.open();
    if (!store || !(*store)->acquire_lead("child")) return 1;
    std::uint64_t next = (*store)->size().value();
    for (;;) {
        Entries batch;
        for (std::uint64_t i = next; i < next + 3; ++i) batch.push_back("entry " + std::to_string(i));
        if (!(*store)->append(next, batch)) return 2;
        next += 3;
        if (::write(told, &next, sizeof next) != sizeof next) return 3;
    }
}

std::uint64_t kill_while_appending(const StoreFolder& folder, int acknowledged_most) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const int child = os::fork_to([&] { return append_until_killed(folder, ends[1]); });
    ::close(ends[1]);
    std::uint64_t told = 0, last = 0;
    for (int i = 0; i < acknowledged_most && ::read(ends[0], &told, sizeof told) == sizeof told; ++i)
        last = told;
    CHECK(os::kill_and_wait(child) == 128 + SIGKILL);
    while (::read(ends[0], &told, sizeof told) == sizeof told) last = told;
    ::close(ends[0]);
    return last;
}

TEST_CASE("SQLite: kill -9 in the middle loses nothing that was acknowledged and tears no batch") {
    const StoreFolder folder;
    for (int round = 0; round < 16; ++round) {
        const std::uint64_t acknowledged = kill_while_appending(folder, 1 + round % 5);
        REQUIRE(acknowledged > 0);
        const auto store = opened([&] { return folder.open(); });
        const std::uint64_t size = store->size().value();
        CHECK(size >= acknowledged);
        CHECK(size <= acknowledged + 3);
        CHECK(size % 3 == 0);
        const Entries entries = store->read(0, 100'000, 100u << 20).value();
        REQUIRE(entries.size() == size);
        for (std::size_t i = 0; i < size; ++i) REQUIRE(entries[i] == "entry " + std::to_string(i));
    }
}

struct SmallDisk {
    explicit SmallDisk(const os::Path& at) : path(at) {
        mounted = ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=512k") == 0;
    }
    ~SmallDisk() {
        if (mounted) ::umount2(path.c_str(), MNT_DETACH);
    }
    os::Path path;
    bool mounted = false;
};

TEST_CASE("SQLite: a full disk is told, and the log goes on once there is room") {
    const StoreFolder folder;
    const SmallDisk disk(folder.path);
    if (!disk.mounted) {
        MESSAGE("skipped: only root may mount a small file system to fill");
        return;
    }
    const auto store = leading([&] { return folder.open(); });
    const os::Path ballast = folder.path / "ballast";
    std::ofstream(ballast) << std::string(100'000, 'b');
    std::uint64_t next = 0;
    Status written;
    while ((written = store->append(next, Entries{std::string(4000, 'x')}))) ++next;
    CHECK(written.error().code == Code::no_space);
    CHECK(written.error().message.find("free some room") != std::string::npos);
    CHECK(store->size().value() == next);
    std::filesystem::remove(ballast);
    CHECK(store->append(next, Entries{"after"}).has_value());
    CHECK(opened([&] { return folder.open(); })->read(next, 1, 100).value() == Entries{"after"});
}

TEST_CASE("SQLite: a disk without writing is told") {
    const StoreFolder folder;
    const SmallDisk disk(folder.path);
    if (!disk.mounted) {
        MESSAGE("skipped: only root may mount a small file system");
        return;
    }
    {
        const auto store = leading([&] { return folder.open(); });
    }
    REQUIRE(::mount(nullptr, folder.path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    const auto store = folder.open();
    REQUIRE_FALSE(store.has_value());
    CHECK(store.error().message.find("may be written to") != std::string::npos);
}

TEST_CASE("SQLite: damage anywhere is an error, or is not there; never a crash") {
    const StoreFolder folder;
    {
        const auto store = leading([&] { return folder.open(); });
        for (std::uint64_t i = 0; i < 200; ++i)
            REQUIRE(store->append(i, Entries{"entry " + std::to_string(i)}).has_value());
        REQUIRE(store->put_snapshot(200, std::string(20'000, 's')).has_value());
    }
    const std::string whole = os::read_file(folder.file(), 64u << 20).value();
    REQUIRE(whole.size() > 20'000);
    int told = 0;
    for (std::size_t at = 0; at < whole.size(); at += 1531) {
        std::string damaged = whole;
        for (std::size_t i = at; i < std::min(at + 40, whole.size()); ++i) damaged[i] ^= '\x5a';
        std::ofstream(folder.file(), std::ios::binary) << damaged;
        const auto store = folder.open();
        if (!store) {
            ++told;
            continue;
        }
        const auto entries = (*store)->read(0, 1000, 1u << 20);
        if (!entries || !(*store)->latest_snapshot()) ++told;
    }
    CHECK(told >= 3);
}

TEST_CASE("SQLite: other files are left alone") {
    const StoreFolder folder;
    std::ofstream(folder.file()) << "this is a letter to a friend, and no data base at all";
    CHECK(code_of(folder.open().map([](auto&&) {})) == Code::corrupted);
    std::filesystem::remove(folder.file());
    folder.meddle("CREATE TABLE mine (a)");
    const auto other = folder.open();
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().message.find("another program") != std::string::npos);
    CHECK(code_of(open_sqlite_store("log.db", {}).map([](auto&&) {})) == Code::bad_input);
    CHECK(code_of(open_sqlite_store("/nonexistent/log.db", {}).map([](auto&&) {})) == Code::not_found);
}

TEST_CASE("SQLite: a damaged snapshot is passed over, the one before is taken") {
    const StoreFolder folder;
    {
        const auto store = leading([&] { return folder.open(); });
        REQUIRE(store->append(0, Entries{"a", "b"}).has_value());
        REQUIRE(store->put_snapshot(1, "older").has_value());
        REQUIRE(store->put_snapshot(2, "newer").has_value());
    }
    folder.meddle("UPDATE snapshot_parts SET bytes = x'6e65776572FF' WHERE at = 2");
    const auto found = opened([&] { return folder.open(); })->latest_snapshot().value();
    REQUIRE(found.has_value());
    CHECK(found->bytes == "older");
    folder.meddle("DELETE FROM snapshot_parts");
    CHECK_FALSE(opened([&] { return folder.open(); })->latest_snapshot().value().has_value());
}

TEST_CASE("SQLite: a size that does not fit the entries is damage") {
    const StoreFolder folder;
    {
        const auto store = leading([&] { return folder.open(); });
        REQUIRE(store->append(0, Entries{"a", "b"}).has_value());
    }
    folder.meddle("DELETE FROM entries WHERE position = 1");
    CHECK(code_of(folder.open().map([](auto&&) {})) == Code::corrupted);
}

TEST_CASE("SQLite: an older file is brought to the new version, a newer one is left alone") {
    const StoreFolder folder;
    {
        const auto store = leading([&] { return folder.open(); });
        REQUIRE(store->append(0, Entries{"a"}).has_value());
    }
    const std::array<SchemaStep, 2> steps{
        store_schema()[0], {"ALTER TABLE state ADD COLUMN extra INTEGER NOT NULL DEFAULT 7", ""}};
    {
        const auto newer = open_sqlite_store(folder.file(), {}, steps);
        REQUIRE(newer.has_value());
        CHECK((*newer)->read(0, 9, 99).value() == Entries{"a"});
    }
    folder.meddle("UPDATE state SET extra = extra + 1");
    const auto older = folder.open();
    REQUIRE_FALSE(older.has_value());
    CHECK(older.error().code == Code::refused);
    CHECK(older.error().message.find("version 2, this program knows up to 1") != std::string::npos);
}

TEST_CASE("SQLite: a step that fails leaves the version before") {
    const StoreFolder folder;
    {
        const auto store = leading([&] { return folder.open(); });
    }
    const std::array<SchemaStep, 2> steps{store_schema()[0],
                                          {"ALTER TABLE state ADD COLUMN extra INTEGER; NONSENSE", ""}};
    CHECK_FALSE(open_sqlite_store(folder.file(), {}, steps).has_value());
    CHECK(folder.open().has_value());
}

}  // namespace
}  // namespace euromesh::federation
