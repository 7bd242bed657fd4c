#include "federation/batch/image_store.hpp"

#include <unistd.h>

#include "federation/batch/container_for_test.hpp"

namespace euromesh::federation {
namespace {

class StoreFolder {
  public:
    StoreFolder()
        : path_(std::filesystem::temp_directory_path() / ("em-images-" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_ / "images");
    }
    ~StoreFolder() { std::filesystem::remove_all(path_); }
    ImageStore open(bool unpacks = false) const {
        return ImageStore({.images = path_ / "images",
                           .suffix = ".sqfs",
                           .memory = path_ / "memory.json",
                           .unpacked = unpacks ? path_ / "unpacked" : os::Path()});
    }
    void write(const os::Path& name, const std::string& text) const {
        REQUIRE(os::write_file_atomically(path_ / name, text));
    }
    const os::Path& path() const { return path_; }

  private:
    os::Path path_;
};

const std::string hex = to_hex(sha256("an image"));
const std::string digest = "sha256:" + hex;

TEST_CASE("an image is found by its digest, and hashed once") {
    const StoreFolder folder;
    folder.write("images/" + hex + ".sqfs", "an image");
    auto store = folder.open();
    const auto found = store.find(digest);
    REQUIRE_MESSAGE(found, found.error().message);
    CHECK(*found == folder.path() / "images" / (hex + ".sqfs"));
    const auto memory = os::read_file(folder.path() / "memory.json", 4096);
    REQUIRE(memory);
    CHECK(memory->find(hex) != std::string::npos);
    // A later life takes its word: it would say so of bytes that are not there, too.
    const std::string other = to_hex(sha256("never read"));
    folder.write("images/" + other + ".sqfs", "an image");
    const auto second = os::file_mark(folder.path() / "images" / (other + ".sqfs"));
    folder.write("memory.json",
                 fmt::format("{{\"{}\":[{},{},{},{},{}]}}", other, second->size, second->device,
                             second->inode, second->modified_ns, second->changed_ns));
    CHECK(folder.open().find("sha256:" + other).has_value());
}

TEST_CASE("an image that is missing, or another one, is refused in one line with its place and the remedy") {
    const StoreFolder folder;
    auto store = folder.open();
    const auto words = [&](Code code) {
        const auto found = store.find(digest);
        REQUIRE_FALSE(found);
        CHECK(found.error().code == code);
        CHECK(found.error().message.find(digest) != std::string::npos);
        CHECK(found.error().message.find((folder.path() / "images").string()) != std::string::npos);
        CHECK(found.error().message.find("euromesh site image") != std::string::npos);
        CHECK(found.error().message.find('\n') == std::string::npos);
        return found.error().message;
    };
    words(Code::not_found);
    folder.write("images/" + hex + ".sqfs", "an imagE");
    CHECK(words(Code::refused).find(to_hex(sha256("an imagE"))) != std::string::npos);
    folder.write("images/" + hex + ".sqfs", "an image");
    CHECK(store.find(digest).has_value());
    // Replaced later: what was remembered is of another file.
    folder.write("images/" + hex + ".sqfs", "an imagE");
    words(Code::refused);
    for (const char* name : {"", "sha256:12", "md5:ab", "../../etc/passwd"})
        CHECK(store.find(name).error().code == Code::bad_input);
}

TEST_CASE("a damaged memory is none") {
    const StoreFolder folder;
    folder.write("images/" + hex + ".sqfs", "an image");
    for (const std::string& text :
         std::vector<std::string>{"", "[1]", "{\"" + hex + "\":[1]}", "{\"" + hex + "\":[1,2,3,4,\"x\"]}"}) {
        folder.write("memory.json", text);
        CHECK(folder.open().find(digest).has_value());
    }
}

TEST_CASE("a file is added under its digest") {
    const StoreFolder folder;
    folder.write("fresh", "an image");
    auto store = folder.open();
    CHECK(store.add(folder.path() / "fresh").value() == digest);
    CHECK(store.add(folder.path() / "fresh").value() == digest);
    CHECK(store.find(digest).has_value());
    CHECK(store.add(folder.path() / "nix").error().code == Code::not_found);
}

TEST_CASE("a SquashFS is unpacked once; what is none is refused with the tool's words") {
    const StoreFolder folder;
    auto store = folder.open(true);
    if (!tiny_image_or_skip(folder.path())) return;
    const std::string tiny = store.add(folder.path() / "tiny.sqfs").value();
    const auto place = store.find(tiny);
    REQUIRE_MESSAGE(place, place.error().message);
    CHECK(os::read_file(*place / "etc/in-image", 100).value() == "from inside\n");
    std::filesystem::remove(*place / "etc/in-image");
    CHECK(store.find(tiny).value() == *place);
    CHECK_FALSE(std::filesystem::exists(*place / "etc/in-image"));
    folder.write("images/" + hex + ".sqfs", "an image");
    const auto none = store.find(digest);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Code::refused);
    CHECK(none.error().message.find("unpacked") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
