#include "sim/embedded_scenarios.hpp"

#include <doctest/doctest.h>

#include "base/os/file.hpp"
#include "sim/scenario.hpp"

namespace euromesh::sim {

TEST_CASE("every scenario of scenarios/simulate is in the program and can be run") {
    std::size_t files_on_disk = 0;
    for (const auto& entry : std::filesystem::directory_iterator("scenarios/simulate")) {
        ++files_on_disk;
        const auto embedded = embedded_scenario(entry.path().stem().string());
        REQUIRE(embedded);
        CHECK(embedded->text == os::read_file(entry.path(), 1 << 20));
        const auto scenario = read_scenario(embedded->text, std::string(embedded->name));
        REQUIRE_MESSAGE(scenario, entry.path().string());
        CHECK(!scenario->about.empty());
        for (std::uint64_t seed = 1; seed <= 50; ++seed) CHECK(check(draw(*scenario, seed)));
    }
    CHECK(files_on_disk == embedded_scenarios().size());
}

TEST_CASE("an unknown scenario is answered with the nearest one, or with all of them") {
    const auto slip = embedded_scenario("fault");
    REQUIRE(!slip);
    CHECK(slip.error().message == "no built-in scenario 'fault'; did you mean 'faults'?");
    const auto strange = embedded_scenario("zzzzzzzzzz");
    REQUIRE(!strange);
    CHECK(strange.error().message.find("calm, ") != std::string::npos);
}

}  // namespace euromesh::sim
