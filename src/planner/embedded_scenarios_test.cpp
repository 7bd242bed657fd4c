#include "planner/embedded_scenarios.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/os/file.hpp"

namespace euromesh::planner {

TEST_CASE("every scenario of scenarios/plan is in the program, byte for byte and in order") {
    std::size_t files_on_disk = 0;
    for (const auto& entry : std::filesystem::directory_iterator("scenarios/plan")) {
        if (entry.path().extension() != ".toml") continue;
        ++files_on_disk;
        const auto text = os::read_file(entry.path(), 1 << 20);
        REQUIRE(text);
        const auto scenario = embedded_scenario(entry.path().filename().string());
        REQUIRE(scenario);
        CHECK(scenario->text == *text);
    }
    CHECK(files_on_disk == embedded_scenarios().size());
    CHECK(files_on_disk >= 3);
    CHECK(std::is_sorted(embedded_scenarios().begin(), embedded_scenarios().end(),
                         [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST_CASE("a scenario is found with and without the ending") {
    REQUIRE(embedded_scenario("published-baseline"));
    CHECK(embedded_scenario("published-baseline")->name == "published-baseline.toml");
    CHECK(embedded_scenario("published-baseline.toml")->name == "published-baseline.toml");
}

TEST_CASE("an unknown scenario is answered with the nearest one, or with all of them") {
    const auto slip = embedded_scenario("publisht-baseline");
    REQUIRE(!slip);
    CHECK(slip.error().code == Code::not_found);
    CHECK(slip.error().message ==
          "no built-in scenario 'publisht-baseline'; did you mean 'published-baseline'?");
    const auto strange = embedded_scenario("x");
    REQUIRE(!strange);
    CHECK(strange.error().message.find("published-optimistic") != std::string::npos);
}

}  // namespace euromesh::planner
