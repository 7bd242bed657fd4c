#include "contract/safetensors.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstring>

#include "base/json.hpp"
#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::contract;

namespace {

struct Folder {
    os::Path path =
        std::filesystem::temp_directory_path() / ("em_safetensors_test_" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
};

const Layout layout{{"a.weight", {2, 3}}, {"b", {4}}};
const std::vector<float> values{1, 2, 3, 4, 5, 6, -1, -2, -3, -4};

std::string good_file(const Folder& folder) {
    REQUIRE(write_safetensors(folder.path / "good", layout, values, {{"step", "12"}}));
    return os::read_file(folder.path / "good", 1 << 20).value();
}

std::string with_header(std::string_view header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string file(8, '\0');
    std::memcpy(file.data(), &length, 8);
    return file.append(header).append(data_bytes, '\1');
}

Result<SafetensorsFile> open_text(const Folder& folder, std::string_view text) {
    REQUIRE(os::write_file_atomically(folder.path / "file", text));
    return SafetensorsFile::open(folder.path / "file");
}

}  // namespace

TEST_CASE("what is written comes back, with its metadata") {
    const Folder folder;
    good_file(folder);
    const SafetensorsFile file = SafetensorsFile::open(folder.path / "good").value();
    CHECK(file.metadata() == Metadata{{"step", "12"}});
    CHECK(file.names() == std::vector<std::string>{"a.weight", "b"});
    std::vector<float> flat(10);
    REQUIRE(file.read(layout, flat));
    CHECK(flat == values);
}

TEST_CASE("the bytes are those of the format") {
    const Folder folder;
    const std::string text = good_file(folder);
    std::uint64_t length = 0;
    std::memcpy(&length, text.data(), 8);
    CHECK((8 + length) % 64 == 0);
    REQUIRE(text.size() == 8 + length + 40);
    const Json header = parse_json(std::string_view(text).substr(8, length)).value();
    CHECK(header["b"]["dtype"] == "F32");
    CHECK(header["b"]["shape"] == Json{4});
    CHECK(header["b"]["data_offsets"] == Json{24, 40});
    float last = 0;
    std::memcpy(&last, text.data() + text.size() - 4, 4);
    CHECK(last == -4);
}

TEST_CASE("asking for what is not there names file and tensor") {
    const Folder folder;
    good_file(folder);
    const SafetensorsFile file = SafetensorsFile::open(folder.path / "good").value();
    std::vector<float> out(6);
    CHECK(file.read({"c", {6}}, out).error().code == Code::not_found);
    const Error error = file.read({"a.weight", {3, 2}}, out).error();
    CHECK(error.code == Code::bad_input);
    CHECK(error.message.find("good: tensor 'a.weight' is F32 [2, 3]: use F32 [3, 2]") != std::string::npos);
    CHECK(SafetensorsFile::open(folder.path / "none").error().code == Code::not_found);
}

TEST_CASE("every shortened file is corrupted") {
    const Folder folder;
    const std::string text = good_file(folder);
    for (std::size_t size = 0; size < text.size(); size += size < 24 ? 1 : 7) {
        const auto file = open_text(folder, std::string_view(text).substr(0, size));
        REQUIRE_FALSE(file);
        CHECK(file.error().code == Code::corrupted);
        CHECK(file.error().message.find("file") != std::string::npos);
    }
    CHECK(open_text(folder, text + "x").error().code == Code::corrupted);
}

TEST_CASE("headers that lie are corrupted, one line each") {
    const Folder folder;
    const auto refused = [&](std::string_view header, std::size_t data_bytes) {
        const auto file = open_text(folder, with_header(header, data_bytes));
        return !file && file.error().code == Code::corrupted &&
               file.error().message.find('\n') == std::string::npos;
    };
    CHECK_FALSE(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8));
    CHECK_FALSE(refused(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", 0));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 9));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8));
    CHECK(refused(R"({"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}})", 8));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}})", 8));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0));
    CHECK(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}})", 8));
    CHECK(refused(
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
        12));
    CHECK(refused(R"({"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}})", 8));
    CHECK(refused(R"({"a":[]})", 0));
    CHECK(refused(R"({"__metadata__":{"a":1}})", 0));
    CHECK(refused(R"([1,2])", 0));
    CHECK(refused("{nonsense", 0));
}

TEST_CASE("other types are listed but not read; unaligned values are") {
    const Folder folder;
    const auto file = open_text(
        folder,
        with_header(
            R"({"h":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},"f":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
            6));
    REQUIRE(file);
    float out = 0;
    CHECK(file->read({"h", {1}}, {&out, 1}).error().code == Code::bad_input);
    REQUIRE(file->read({"f", {1}}, {&out, 1}));
    std::uint32_t bits = 0;
    std::memcpy(&bits, &out, 4);
    CHECK(bits == 0x01010101);
}

TEST_CASE("no damaged byte of the header makes the reader fail in another way than by an error") {
    const Folder folder;
    const std::string text = good_file(folder);
    Random random(1);
    std::size_t opened = 0;
    for (int round = 0; round < 400; ++round) {
        std::string damaged = text;
        for (std::uint64_t hits = 1 + random.below(3); hits > 0; --hits)
            damaged[random.below(damaged.size() - 40)] = static_cast<char>(random.below(256));
        const auto file = open_text(folder, damaged);
        if (!file) continue;
        ++opened;
        for (const std::string& name : file->names()) CHECK(name.size() < text.size());
    }
    CHECK(opened < 300);
}
