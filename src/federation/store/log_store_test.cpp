#include "federation/store/log_store.hpp"

#include <doctest/doctest.h>

#include "federation/store/sqlite_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a URL of an unknown kind is refused, and not repeated") {
    for (const char* url : {"", "mysql://root:hush@db/x", "hush", "sqlite", "postgresql:hush"}) {
        const auto store = open_store(url);
        REQUIRE_FALSE(store.has_value());
        CHECK(store.error().code == Code::bad_input);
        CHECK(store.error().message.find("hush") == std::string::npos);
        CHECK(store.error().message.find("sqlite:/path/file") != std::string::npos);
    }
}

TEST_CASE("sqlite: opens a file, and says which") {
    const StoreFolder folder;
    const auto store = open_store("sqlite:" + folder.file().string());
    REQUIRE(store.has_value());
    CHECK((*store)->place() == "sqlite:" + folder.file().string());
    CHECK((*store)->concern().value().empty());
    CHECK_FALSE(open_store("sqlite:relative.db").has_value());
    CHECK_FALSE(open_store("sqlite:").has_value());
}

TEST_CASE("limits are checked before a data base is asked") {
    CHECK(check_append(std::vector<std::string>(log_append_most_entries, "x")).has_value());
    CHECK_FALSE(check_append(std::vector<std::string>(log_append_most_entries + 1, "x")).has_value());
    const std::vector<std::string> heavy(33, std::string(log_entry_most_bytes, 'x'));
    CHECK(check_append(std::span(heavy).first(32)).has_value());
    CHECK_FALSE(check_append(heavy).has_value());
    CHECK(check_document("heads/latest", "x").has_value());
    CHECK_FALSE(check_document("Heads", "x").has_value());
    CHECK_FALSE(check_document(std::string(129, 'a'), "x").has_value());
    CHECK(check_snapshot(snapshot_most_bytes).has_value());
    CHECK_FALSE(check_snapshot(snapshot_most_bytes + std::uint64_t{1}).has_value());
    CHECK(check_snapshot_part(0, "x").has_value());
    CHECK(check_snapshot_part(snapshot_most_bytes / snapshot_part_bytes - 1, "x").has_value());
    CHECK_FALSE(check_snapshot_part(snapshot_most_bytes / snapshot_part_bytes, "x").has_value());
    CHECK_FALSE(check_snapshot_part(UINT64_MAX, "").has_value());
    CHECK_FALSE(check_snapshot_part(0, std::string(snapshot_part_bytes + 1, 'x')).has_value());
    CHECK(snapshot_parts(0) == 1);
    CHECK(snapshot_parts(snapshot_part_bytes) == 1);
    CHECK(snapshot_parts(snapshot_part_bytes + 1) == 2);
}

}  // namespace
}  // namespace euromesh::federation
