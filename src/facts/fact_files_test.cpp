#include "facts/fact_files.hpp"

#include <doctest/doctest.h>

#include "facts/embedded.hpp"

namespace euromesh::facts {

TEST_CASE("without a folder the built-in text is read") {
    const auto files = FactFiles::choose(std::nullopt);
    REQUIRE(files);
    const auto read = files->read("systems.csv");
    REQUIRE(read);
    CHECK(read->label == "built-in systems.csv");
    CHECK(read->text == *embedded_text("systems.csv"));
}

TEST_CASE("a folder replaces the whole set") {
    const auto files = FactFiles::choose("src/facts/testdata");
    REQUIRE(files);
    const auto read = files->read("systems.csv");
    REQUIRE(read);
    CHECK(read->label == "src/facts/testdata/systems.csv");
    CHECK(read->text != *embedded_text("systems.csv"));
    const auto lacking = files->read("energy.csv");
    REQUIRE(!lacking);
    CHECK(lacking.error().code == Code::not_found);
    CHECK(lacking.error().message.find("src/facts/testdata/energy.csv") != std::string::npos);
}

TEST_CASE("a folder that is not there is named") {
    const auto files = FactFiles::choose("data/nowhere");
    REQUIRE(!files);
    CHECK(files.error().code == Code::not_found);
    CHECK(files.error().message.find("data/nowhere") != std::string::npos);
}

}  // namespace euromesh::facts
