#include "facts/embedded.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/os/file.hpp"

namespace euromesh::facts {

TEST_CASE("every file of data/ is in the program, byte for byte") {
    std::size_t files_on_disk = 0;
    for (const auto& entry : std::filesystem::directory_iterator("data")) {
        if (entry.path().extension() != ".csv") continue;
        ++files_on_disk;
        const auto text = os::read_file(entry.path(), 1 << 24);
        REQUIRE(text);
        const auto embedded = embedded_text(entry.path().filename().string());
        REQUIRE(embedded);
        CHECK(*embedded == *text);
    }
    CHECK(files_on_disk == embedded_files().size());
    CHECK(files_on_disk >= 9);
}

TEST_CASE("files are in the order of their names, whatever order the disk has") {
    CHECK(std::is_sorted(embedded_files().begin(), embedded_files().end(),
                         [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST_CASE("an unknown name is answered with the known ones") {
    const auto text = embedded_text("system.csv");
    REQUIRE(!text);
    CHECK(text.error().code == Code::not_found);
    CHECK(text.error().message.find("'system.csv'") != std::string::npos);
    CHECK(text.error().message.find("systems.csv") != std::string::npos);
}

}  // namespace euromesh::facts
