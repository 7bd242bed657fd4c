#include "sync/manifest_file.hpp"

#include <doctest/doctest.h>

#include "base/os/process.hpp"

namespace euromesh::sync {
namespace {

struct Folder {
    Folder()
        : path(std::filesystem::temp_directory_path() /
               ("em_manifest_file_" + std::to_string(os::own_process_id()))) {
        std::filesystem::remove_all(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string read(const std::string& name) const {
        return os::read_file(path / name, 1 << 20).value_or("missing");
    }
    os::Path path;
};

std::string line_after(const std::string& head, std::uint64_t round) {
    Manifest manifest;
    manifest.run = RunId::parse("files", "run").value();
    manifest.round = round;
    manifest.codec = "fp32";
    manifest.state_before = manifest.state_after = std::string(32, '1');
    manifest.previous = head;
    return encode(manifest);
}

}  // namespace

TEST_CASE("lines are appended, also by a site that resumes at the chain's head") {
    const Folder folder;
    const os::Path path = folder.path / "site" / "manifests.jsonl";
    const std::string first = line_after(chain_origin(), 0);
    const std::string second = line_after(chain_digest(first), 1);
    auto file = ManifestFile::open(path, {}).value();
    REQUIRE(file.append(first).has_value());
    auto again = ManifestFile::open(path, {1, chain_digest(first), 10}).value();
    REQUIRE(again.append(second).has_value());
    CHECK(folder.read("site/manifests.jsonl") == first + "\n" + second + "\n");
}

TEST_CASE("another chain sets the file aside, one missing line is filled in") {
    const Folder folder;
    const os::Path path = folder.path / "manifests.jsonl";
    const std::string first = line_after(chain_origin(), 0);
    const std::string second = line_after(chain_digest(first), 1);
    const std::string third = line_after(chain_digest(second), 2);
    auto file = ManifestFile::open(path, {}).value();
    REQUIRE(file.append(first).has_value());
    REQUIRE(file.continue_from({2, chain_digest(second), 20}, second).has_value());
    CHECK(folder.read("manifests.jsonl") == first + "\n" + second + "\n");
    CHECK(folder.read("manifests-1.jsonl") == "missing");

    REQUIRE(file.continue_from({9, std::string(64, 'f'), 90}, third).has_value());
    CHECK(folder.read("manifests-1.jsonl") == first + "\n" + second + "\n");
    CHECK(folder.read("manifests.jsonl") == "missing");
    REQUIRE(file.append(third).has_value());
    CHECK(folder.read("manifests.jsonl") == third + "\n");

    CHECK(ManifestFile::open(path, {}).has_value());  // a new run in the same folder
    CHECK(folder.read("manifests-2.jsonl") == third + "\n");
}

TEST_CASE("a cut last line and a folder in the way are told; no path keeps nothing") {
    const Folder folder;
    const os::Path path = folder.path / "manifests.jsonl";
    REQUIRE(os::make_folders(folder.path).has_value());
    REQUIRE(os::write_file_atomically(path, "{\"run\"").has_value());
    const auto cut = ManifestFile::open(path, {});
    REQUIRE_FALSE(cut.has_value());
    CHECK(cut.error().code == Code::corrupted);
    CHECK_FALSE(ManifestFile::open(folder.path, {}).has_value());
    auto none = ManifestFile::open({}, {}).value();
    CHECK(none.append("x").has_value());
}

}  // namespace euromesh::sync
