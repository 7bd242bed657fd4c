#include "base/os/part_file.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/os/process.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

class Folder {
  public:
    Folder()
        : path_(std::filesystem::temp_directory_path() / ("em-part-" + std::to_string(own_process_id()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Path operator/(const char* name) const { return path_ / name; }

  private:
    Path path_;
};

std::string pattern(std::size_t length) {
    std::string text(length, 'x');
    for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + i * i % 23);
    return text;
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

TEST_CASE("a part that a dead process left is gone on with, and has its name only when it is whole") {
    const Folder folder;
    const std::string text = pattern(100);
    {
        PartFile part = PartFile::open(folder / "x").value();
        REQUIRE(part.append(bytes_of(text).first(40)));
        CHECK(PartFile::open(folder / "x").error().code == Code::conflict);
    }
    PartFile part = PartFile::open(folder / "x").value();
    CHECK(part.length() == 40);
    CHECK(!std::filesystem::exists(folder / "x"));
    REQUIRE(part.append(bytes_of(text).subspan(40)));
    REQUIRE(part.commit());
    CHECK(read_file(folder / "x", 1000).value() == text);
    CHECK(std::distance(std::filesystem::directory_iterator(folder / ""), {}) == 1);
}

TEST_CASE("a file goes over a socket into a part, from the middle, without passing this process") {
    const Folder folder;
    const std::string text = pattern(3'000'000);
    std::ofstream(folder / "from") << text;
    OutgoingFile from = OutgoingFile::open(folder / "from").value();
    PartFile to = PartFile::open(folder / "to").value();
    REQUIRE(to.append(bytes_of(text).first(1000)));
    auto [near, far] = Socket::pair().value();
    std::uint64_t sent = to.length();
    while (to.length() < from.size()) {
        if (sent < from.size()) sent += from.send(near, sent, from.size() - sent).value();
        REQUIRE(to.append_from(far, 1 << 20));
    }
    REQUIRE(to.commit());
    CHECK(read_file(folder / "to", 4'000'000).value() == text);
    near = Socket();
    CHECK(PartFile::open(folder / "other").value().append_from(far, 10).error().code == Code::unavailable);
}

TEST_CASE("a file is copied from where the part ends") {
    const Folder folder;
    const std::string text = pattern(200'000);
    std::ofstream(folder / "from") << text;
    const OutgoingFile from = OutgoingFile::open(folder / "from").value();
    PartFile to = PartFile::open(folder / "to").value();
    REQUIRE(to.append(bytes_of(text).first(777)));
    while (to.length() < from.size()) REQUIRE(to.append_from(from, 50'000).value() > 0);
    CHECK(to.append_from(from, 50'000).value() == 0);
    REQUIRE(to.commit());
    CHECK(read_file(folder / "to", 1 << 20).value() == text);
    PartFile again = PartFile::open(folder / "again").value();
    REQUIRE(again.append(bytes_of(text)));
    REQUIRE(again.truncate());
    CHECK(again.length() == 0);
    CHECK(OutgoingFile::open(folder / "nowhere").error().code == Code::not_found);
}
