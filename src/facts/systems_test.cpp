#include "facts/systems.hpp"

#include <doctest/doctest.h>

namespace euromesh::facts {

namespace {

constexpr std::string_view header =
    "id,name,site,country_iso2,lat,lon,status,accelerator,accelerator_count,source,source_url,as_of,grade\n";

Result<std::vector<System>> parsed(std::string_view rows) {
    return parse_systems(std::string(header) + std::string(rows), "s.csv");
}

std::string complaint_about(std::string_view row) {
    const auto systems = parsed(row);
    REQUIRE(!systems);
    CHECK(systems.error().code == Code::bad_input);
    return systems.error().message;
}

}  // namespace

TEST_CASE("the built-in systems are all well-formed, and the sites of the main job are what they are") {
    const auto systems = load_systems(FactFiles::built_in());
    REQUIRE(systems);
    CHECK(systems->size() == 88);
    const auto leonardo = find_system(*systems, "leonardo-booster");
    REQUIRE(leonardo);
    CHECK(leonardo->country == "IT");
    CHECK(leonardo->accelerator == "a100-sxm-64c");
    CHECK(leonardo->accelerator_count == 13824);
    CHECK(leonardo->status == SystemStatus::operational);
    CHECK(leonardo->source.grade == Grade::b);
    CHECK(find_system(*systems, "jupiter-booster")->country == "DE");
    CHECK(find_system(*systems, "mn5-acc")->country == "ES");
}

TEST_CASE("operational accelerators add up to the published sum") {
    // 101,052 accelerators: the fleet arithmetic that was made when the table was collected.
    const auto systems = load_systems(FactFiles::built_in());
    REQUIRE(systems);
    std::int64_t count = 0;
    for (const System& system : *systems) {
        if (system.status == SystemStatus::operational) count += system.accelerator_count.value_or(0);
    }
    CHECK(count == 101052);
}

TEST_CASE("blank is unknown, and not zero") {
    const auto systems = parsed(
        "x,X,Town,FI,,,planned,,,src,https://x.eu,2026,C\n"
        "y,Y,Town,FI,60.5,24,operational,none,0,src,https://x.eu,2026-05,A\n");
    REQUIRE(systems);
    CHECK(!(*systems)[0].lat);
    CHECK(!(*systems)[0].accelerator);
    CHECK(!(*systems)[0].accelerator_count);
    CHECK((*systems)[1].accelerator_count == 0);
    CHECK((*systems)[1].lat == 60.5);
    CHECK(name_of((*systems)[1].status) == "operational");
    CHECK(name_of((*systems)[1].source.grade) == "A");
}

TEST_CASE("each wrong field is named with its line") {
    CHECK(complaint_about("x,X,T,FI,,,opertional,,,s,u,2026,C\n").find("s.csv:2: status: 'opertional'") == 0);
    CHECK(complaint_about("x,X,T,fi,,,planned,,,s,u,2026,C\n").find("s.csv:2: country_iso2: 'fi'") == 0);
    CHECK(complaint_about("x,X,T,FI,91,0,planned,,,s,u,2026,C\n").find("s.csv:2: lat: 91 is outside") == 0);
    CHECK(complaint_about("x,X,T,FI,60,,planned,,,s,u,2026,C\n").find("s.csv:2: lat, lon:") == 0);
    CHECK(complaint_about("x,X,T,FI,,,planned,,many,s,u,2026,C\n").find("s.csv:2: accelerator_count:") == 0);
    CHECK(complaint_about("x,X,T,FI,,,planned,,,,u,2026,C\n").find("s.csv:2: source: blank") == 0);
    CHECK(complaint_about("x,X,T,FI,,,planned,,,s,u,May,C\n").find("s.csv:2: as_of: 'May'") == 0);
    CHECK(complaint_about("x,X,T,FI,,,planned,,,s,u,2026,D\n").find("s.csv:2: grade: 'D'") == 0);
    const std::string good = "x,X,T,FI,,,planned,,,s,u,2026,C\n";
    CHECK(complaint_about(good + good) == "s.csv:3: id: 'x' stands in an earlier row too");
}

TEST_CASE("a table without a needed column is refused") {
    const auto systems = parse_systems("id,name\n", "s.csv");
    REQUIRE(!systems);
    CHECK(systems.error().message.find("s.csv:1: column 'site' is missing") == 0);
}

TEST_CASE("an unknown system is answered with those that begin alike") {
    const auto systems = load_systems(FactFiles::built_in());
    REQUIRE(systems);
    const auto near = find_system(*systems, "leonardo");
    REQUIRE(!near);
    CHECK(near.error().code == Code::not_found);
    CHECK(near.error().message.find("leonardo-booster") != std::string::npos);
    CHECK(find_system(*systems, "zzz").error().message == "no system 'zzz' among the 88 of systems.csv");
}

TEST_CASE("a folder of the user's own is read instead") {
    const auto files = FactFiles::in_folder("src/facts/testdata");
    REQUIRE(files);
    const auto systems = load_systems(*files);
    REQUIRE(systems);
    REQUIRE(systems->size() == 1);
    CHECK((*systems)[0].id == "own");
}

}  // namespace euromesh::facts
