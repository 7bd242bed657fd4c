#include "sync/exchange/relay.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "sync/exchange/s3_store_for_test.hpp"
#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

std::string segment_name(std::string_view folder, std::uint64_t offset, std::span<const std::byte> bytes) {
    const TetherName name{
        TetherKind::segment, {1, 2}, offset, static_cast<std::uint32_t>(bytes.size()), sha256(bytes)};
    return std::string(folder) + "/" + encode(name);
}

std::string put_segment(BlobStore& store, std::string_view folder, std::uint64_t offset, std::size_t length) {
    const auto bytes = random_stream(length, offset + 1);
    const std::string name = segment_name(folder, offset, bytes);
    REQUIRE(store.put(name, bytes, {}));
    return name;
}

std::vector<std::string> names_in(BlobStore& store) {
    std::vector<std::string> names;
    const auto blobs = store.list("", 1000, {}).value();
    for (const Blob& blob : blobs) names.push_back(blob.name);
    return names;
}

const std::string hello = "run/a/b/h-0000000000000001-0000000000000002";

}  // namespace

TEST_CASE("only whole blobs of this site leave, only those meant for it come") {
    const TestFolder folder("leaving");
    FolderStore spool(folder.path());
    const std::string leaves = put_segment(spool, "run/a/b", 0, 100);
    const std::string comes = put_segment(spool, "run/b/a", 0, 100);
    put_segment(spool, "run/c/b", 0, 100);
    REQUIRE(spool.put(hello, {}, {}));
    const auto cut = random_stream(100, 3);
    REQUIRE(spool.put(segment_name("run/a/b", 500, cut), std::span(cut).first(99), {}));
    for (const char* other : {"notes", "run/a/b/notes", "run/a/b/more/h-0000000000000001-0000000000000002"}) {
        REQUIRE(spool.put(other, {}, {}));
    }
    CHECK(relay_outgoing(spool, "a").value() == std::vector<Blob>{{hello, 0}, {leaves, 100}});
    CHECK(relay_incoming(spool, "a").value() == std::vector<Blob>{{comes, 100}});
}

TEST_CASE("a pass moves both directions between two folders, and goes on where one was killed") {
    const TestFolder folder("pass");
    FolderStore spool(folder.path() / "near"), far(folder.path() / "far");
    std::filesystem::create_directories(far.root());
    const std::string leaves = put_segment(spool, "run/a/b", 0, 100'000);
    const std::string comes = put_segment(far, "run/b/a", 0, 50'000);
    // What a killed pass has left: the first bytes under a hidden name.
    const auto bytes = random_stream(100'000, 1);
    std::filesystem::create_directories(far.root() / "run/a/b");
    std::ofstream(far.root() / "run/a/b" / ("." + leaves.substr(8) + ".part"), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), 60'000);
    CHECK(names_in(far) == std::vector<std::string>{comes});
    RelayCounts moved;
    REQUIRE(relay_pass(spool, far, "a", {}, moved));
    CHECK(names_in(spool) == std::vector<std::string>{comes});
    CHECK(names_in(far) == std::vector<std::string>{leaves});
    CHECK(moved.files_out == 1);
    CHECK(moved.files_in == 1);
    CHECK(moved.bytes_out == 40'000);
    std::vector<std::byte> back(100'000);
    CHECK(far.get(leaves, 0, back, {}).value() == back.size());
    CHECK((back == bytes));
}

TEST_CASE("a pass moves both directions between a folder and a bucket") {
    const TestFolder folder("bucket");
    const S3Server server;
    FolderStore spool(folder.path());
    S3Store far(server.config());
    const std::string leaves = put_segment(spool, "run/a/b", 0, 100'000);
    const std::string comes = put_segment(far, "run/b/a", 0, 5'000'000);
    RelayCounts moved;
    REQUIRE(relay_pass(spool, far, "a", {}, moved));
    CHECK(names_in(spool) == std::vector<std::string>{comes});
    CHECK(names_in(far) == std::vector<std::string>{leaves});
    std::vector<std::byte> back(5'000'000);
    CHECK(spool.get(comes, 0, back, {}).value() == back.size());
    CHECK((back == random_stream(5'000'000, 1)));
    CHECK(far.counts().gets == 2);  // in chunks, so that a killed relay goes on in the middle
    CHECK(moved.text() == "1 files, 0.10 MB out; 1 files, 5.00 MB in");
}

TEST_CASE("a spent budget ends a pass before anything is moved, and is no error") {
    const TestFolder folder("budget");
    FolderStore spool(folder.path() / "near"), far(folder.path() / "far");
    put_segment(spool, "run/a/b", 0, 1000);
    RelayCounts moved;
    const RelayBudget budget = RelayBudget::of_cpu_seconds(1e-6).value();
    CHECK(budget.is_spent());
    REQUIRE(relay_pass(spool, far, "a", budget, moved));
    CHECK(moved.files_out == 0);
    CHECK(names_in(spool).size() == 1);
    CHECK(!RelayBudget::of_cpu_seconds(1e6).value().is_spent());
    CHECK(RelayBudget::of_cpu_seconds(-1).error().code == Code::bad_input);
}

TEST_CASE("a command gets each leaving file; when it fails, nothing is removed and its words are told") {
    const TestFolder folder("command");
    FolderStore spool(folder.path() / "near"), far(folder.path() / "far");
    const std::string leaves = put_segment(spool, "run/a/b", 0, 1000);
    std::filesystem::create_directories(far.root() / "run/a/b");
    RelayCounts moved;
    const auto wrong = split_command("cp {file} '" + (folder.path() / "no/where").string() + "'").value();
    const Status failed = relay_by_command(spool, wrong, "a", {}, moved);
    REQUIRE(!failed);
    CHECK(failed.error().message.find("command cp: ended with status 1: cp: cannot create") !=
          std::string::npos);
    CHECK(names_in(spool) == std::vector<std::string>{leaves});
    const auto right = split_command("cp {root}/{name} " + far.root().string() + "/{folder}/").value();
    REQUIRE(relay_by_command(spool, right, "a", {}, moved));
    CHECK(names_in(spool).empty());
    CHECK(names_in(far) == std::vector<std::string>{leaves});
    CHECK(moved.bytes_out == 1000);
}

TEST_CASE("a command is split into words as people expect") {
    using Words = std::vector<std::string>;
    CHECK(split_command("rsync -a  {file} host:dir/").value() == Words{"rsync", "-a", "{file}", "host:dir/"});
    CHECK(split_command("a 'b c' \"d 'e\" f''g ''").value() == Words{"a", "b c", "d 'e", "fg", ""});
    CHECK(split_command("a 'b").error().code == Code::bad_input);
    CHECK(split_command("  ").error().code == Code::bad_input);
}
