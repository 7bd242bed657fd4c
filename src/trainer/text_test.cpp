#include "trainer/text.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

struct Folder {
    os::Path path = std::filesystem::temp_directory_path() / ("em_text_test_" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    os::Path write(const std::string& name, std::string_view text) const {
        REQUIRE(os::write_file_atomically(path / name, text));
        return path / name;
    }
};

std::string as_text(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("windows cover every position of every shard and never cross a border") {
    const Folder folder;
    const std::vector<os::Path> shards{folder.write("a", "abcde"), folder.write("b", "vwxyz")};
    const Text text = Text::open(shards, 4).value();
    CHECK(text.size() == 10);
    REQUIRE(text.window_count(4) == 4);
    CHECK(as_text(text.window(0, 4)) == "abcd");
    CHECK(as_text(text.window(1, 4)) == "bcde");
    CHECK(as_text(text.window(2, 4)) == "vwxy");
    CHECK(as_text(text.window(3, 4)) == "wxyz");
}

TEST_CASE("a sampler that is resumed continues the sequence; members draw differently") {
    const Folder folder;
    std::string alphabet;
    for (int i = 0; i < 4096; ++i) alphabet.push_back(static_cast<char>(i * 31 % 251));
    const Text text = Text::open(folder.write("a", alphabet), 65).value();
    Sampler sampler = Sampler::start(7, 1);
    Batch first, second, again, other;
    sampler.next(text, 8, 65, first);
    const std::uint64_t position = sampler.state();
    sampler.next(text, 8, 65, second);
    Sampler::resume(position).next(text, 8, 65, again);
    Sampler::start(7, 2).next(text, 8, 65, other);
    CHECK(first.bytes.size() == 8 * 65);
    CHECK(first.tokens() == 8 * 64);
    CHECK(second.bytes == again.bytes);
    CHECK(first.bytes != second.bytes);
    CHECK(first.bytes != other.bytes);
}

TEST_CASE("held-out windows start at the first byte and end at the last") {
    const Folder folder;
    const Text text = Text::open(folder.write("a", "0123456789"), 2).value();
    const Batch batch = held_out_windows(text, 3, 2);
    CHECK(as_text(batch.bytes) == "014589");
    CHECK(as_text(held_out_windows(text, 1, 3).bytes) == "012");
}

TEST_CASE("missing, empty and short texts are named") {
    const Folder folder;
    CHECK(Text::open(folder.path / "none", 65).error().code == Code::not_found);
    CHECK(Text::open(folder.write("empty", ""), 65).error().code == Code::bad_input);
    const Error error = Text::open(folder.write("short", "abc"), 65).error();
    CHECK(error.code == Code::bad_input);
    CHECK(error.message.find("short: 3 bytes; one window needs at least 65") != std::string::npos);
    CHECK(Text::open(folder.path, 65).error().code == Code::bad_input);
    CHECK_FALSE(Text::open(std::span<const os::Path>(), 65));
}
