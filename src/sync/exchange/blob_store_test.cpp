#include "sync/exchange/blob_store.hpp"

#include <doctest/doctest.h>

#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/s3_store_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    return {bytes.begin(), bytes.end()};
}

std::string text_of(BlobStore& store, const std::string& name, std::uint64_t offset, std::size_t room) {
    std::vector<std::byte> bytes(room);
    bytes.resize(store.get(name, offset, bytes, {}).value());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What every store must do.
void check_store(BlobStore& store) {
    CHECK(store.list("", 10, {}).value().empty());
    REQUIRE(store.put("run/a/b/two", bytes_of("0123456789"), {}));
    REQUIRE(store.put("run/a/b/one", bytes_of(""), {}));
    REQUIRE(store.put("run/a/c/three", bytes_of("xyz"), {}));
    using Blobs = std::vector<Blob>;
    CHECK(store.list("run/a/b", 10, {}).value() == Blobs{{"run/a/b/one", 0}, {"run/a/b/two", 10}});
    CHECK(store.list("", 2, {}).value() == Blobs{{"run/a/b/one", 0}, {"run/a/b/two", 10}});
    CHECK(store.list("run/a", 9, {}).value().size() == 3);
    CHECK(store.list("run/z", 9, {}).value().empty());

    CHECK(text_of(store, "run/a/b/two", 0, 100) == "0123456789");
    CHECK(text_of(store, "run/a/b/two", 3, 4) == "3456");
    CHECK(text_of(store, "run/a/b/two", 8, 4) == "89");
    CHECK(text_of(store, "run/a/b/two", 10, 4).empty());
    std::byte room[4];
    CHECK(store.get("run/a/b/none", 0, room, {}).error().code == Code::not_found);

    REQUIRE(store.put("run/a/b/two", bytes_of("new"), {}));
    CHECK(text_of(store, "run/a/b/two", 0, 100) == "new");
    CHECK(store.remove("run/a/b/two", {}));
    CHECK(store.remove("run/a/b/two", {}));
    CHECK(store.list("run/a/b", 10, {}).value() == Blobs{{"run/a/b/one", 0}});

    for (const char* bad : {"", "/", "a/../b", "../x", ".x", "a/.b", "a//b", "a/", "a b", "x.tmp"}) {
        CAPTURE(bad);
        CHECK(store.put(bad, bytes_of("x"), {}).error().code == Code::bad_input);
        CHECK(store.get(bad, 0, room, {}).error().code == Code::bad_input);
        CHECK(store.remove(bad, {}).error().code == Code::bad_input);
    }
    CHECK(store.counts().puts == 4);
    CHECK(store.counts().put_bytes == 16);
    CHECK(store.counts().got_bytes == 10 + 4 + 2 + 3);
}

}  // namespace

TEST_CASE("names are plain parts that cannot leave the store") {
    CHECK(check_blob_name("run-1/a/b_c/s-00.x"));
    CHECK(check_blob_name("a/b/c/d/e/f/g/h"));
    CHECK(!check_blob_name("a/b/c/d/e/f/g/h/i"));
    CHECK(!check_blob_name(std::string(201, 'a')));
    CHECK(!check_blob_name(std::string_view("a\0b", 3)));
}

TEST_CASE("a folder is a store") {
    const TestFolder folder("blob");
    FolderStore store(folder.path());
    check_store(store);
}

TEST_CASE("a bucket is a store") {
    const S3Server server;
    S3Store store(server.config());
    check_store(store);
}

TEST_CASE("a store is opened by what its location says") {
    const TestFolder folder("opened");
    CHECK(open_blob_store(folder.path().string()).value()->text() == "spool " + folder.path().string());
    CHECK(open_blob_store((folder.path() / "none").string()).error().code == Code::not_found);
    CHECK(open_blob_store("ftp://x/y").error().code == Code::bad_input);
    CHECK(open_blob_store("s3+https://user:secret@host/bucket").error().code == Code::bad_input);
    CHECK(open_blob_store("s3+https://user:secret@host/bucket").error().message.find("secret") ==
          std::string::npos);
}
