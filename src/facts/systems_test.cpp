#include "facts/systems.hpp"

#include <doctest/doctest.h>

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {

namespace {

const std::vector<System>& built_in() {
    static const auto systems = load_systems(FactFiles::built_in());
    REQUIRE(systems);
    return *systems;
}

TestRow good() {
    return TestRow(systems_table().shape, {{"id", "x"},
                                           {"name", "X"},
                                           {"kind", "national"},
                                           {"site", "Town"},
                                           {"country_iso2", "FI"},
                                           {"operator", "Centre"},
                                           {"status", "operational"},
                                           {"source", "page"},
                                           {"source_url", "https://x.eu/a"},
                                           {"as_of", "2026-05"},
                                           {"grade", "B"}});
}

std::string complaint_about(std::vector<std::pair<std::string, std::string>> changes) {
    return only_problem(systems_table(), good().with(std::move(changes)).file());
}

}  // namespace

TEST_CASE("the built-in systems are all well-formed, and known ones are what they are") {
    CHECK(built_in().size() == 88);
    const auto leonardo = find_system(built_in(), "leonardo-booster");
    REQUIRE(leonardo);
    CHECK(leonardo->country == "IT");
    CHECK(leonardo->kind == SystemKind::eurohpc);
    CHECK(leonardo->accelerator == "a100-sxm-64c");
    CHECK(leonardo->accelerator_count == 13824);
    CHECK(leonardo->nodes == 3456);
    CHECK(leonardo->accel_per_node == 4);
    CHECK(leonardo->accel_mem_gb == 64);
    CHECK(leonardo->peak_fp16_dense_tflops == 358);
    CHECK(leonardo->linpack_rmax_pflops == 241.2);
    CHECK(leonardo->power_mw == 7.494);
    CHECK(!leonardo->wan_gbps);
    CHECK(leonardo->scheduler == "Slurm");
    CHECK(leonardo->status == SystemStatus::operational);
    CHECK(leonardo->source.grade == Grade::b);
    REQUIRE(leonardo->online_date);
    CHECK(to_iso(*leonardo->online_date) == "2022-11");
    CHECK(find_system(built_in(), "jupiter-booster")->country == "DE");
    CHECK(find_system(built_in(), "mn5-acc")->country == "ES");
    const auto lumi = find_system(built_in(), "lumi-g");
    REQUIRE((lumi && lumi->retire_date));
    CHECK(lumi->retire_date->last == date_of({2027, 12, 31}));
}

TEST_CASE("operational accelerators and their peak add up to the published sums") {
    // 101,052 accelerators, 70.9 EFLOP/s: the fleet arithmetic that was made when the table was collected.
    std::int64_t count = 0;
    double peak = 0;
    for (const System& system : built_in()) {
        if (system.status != SystemStatus::operational) continue;
        count += counted_accelerators(system);
        peak += peak_flops(system);
    }
    CHECK(count == 101052);
    CHECK(peak == doctest::Approx(70.888824e18).epsilon(1e-9));
}

TEST_CASE("blank is unknown, and not zero") {
    const auto unknown = parse_systems(good().file(), "s.csv");
    REQUIRE(unknown);
    const System& system = unknown->front();
    CHECK(!system.lat);
    CHECK(!system.online_date);
    CHECK(!system.accelerator);
    CHECK(!system.accelerator_count);
    CHECK(!system.peak_fp16_dense_tflops);
    CHECK(!system.interconnect);
    CHECK(peak_flops(system) == 0);
    const auto zero = parse_systems(
        good()
            .with({{"lat", "60.5"}, {"lon", "24"}, {"accelerator", "none"}, {"accelerator_count", "0"}})
            .file(),
        "s.csv");
    REQUIRE(zero);
    CHECK(zero->front().accelerator_count == 0);
    CHECK(zero->front().lat == 60.5);
    CHECK(name_of(zero->front().status) == "operational");
    CHECK(name_of(zero->front().kind) == "national");
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"status", "opertional"}}) ==
          "t.csv:2:31: status: 'opertional' is not one of operational, installing, contracted, tender, "
          "selected, planned");
    CHECK(complaint_about({{"kind", "big"}}) ==
          "t.csv:2:5: kind: 'big' is not one of eurohpc, ai_factory, national, planned");
    CHECK(complaint_about({{"country_iso2", "fi"}}) ==
          "t.csv:2:19: country_iso2: 'fi' is not a country (two capital letters: DE)");
    CHECK(complaint_about({{"lat", "91"}, {"lon", "0"}}) == "t.csv:2:22: lat: 91 is outside -90 to 90");
    CHECK(complaint_about({{"lat", "60"}, {"lon", "181"}}) == "t.csv:2:25: lon: 181 is outside -180 to 180");
    CHECK(complaint_about({{"lat", "60"}}) == "t.csv:2:25: lon: blank; give lat and lon, or neither");
    CHECK(complaint_about({{"accelerator", "a"}, {"accelerator_count", "many"}}) ==
          "t.csv:2:47: accelerator_count: 'many' is not a whole number (digits only; blank when unknown)");
    CHECK(complaint_about({{"accelerator_count", "4"}}) ==
          "t.csv:2:46: accelerator_count: 4 of no accelerator; name one, or blank the count");
    CHECK(complaint_about({{"online_date", "2026-02-30"}}) ==
          "t.csv:2:43: online_date: '2026-02-30' does not exist (days of 2026-02 are 01 to 28)");
    CHECK(complaint_about({{"online_date", "2026"}, {"retire_date", "2025-12"}}) ==
          "t.csv:2:48: retire_date: '2025-12' is before online_date, which is 2026");
    CHECK(complaint_about({{"power_mw", "-1"}}).find("power_mw: -1 is outside 0 to ") != std::string::npos);
    CHECK(complaint_about({{"id", ""}}) == "t.csv:2:1: id: blank; this field is required");
}

TEST_CASE("a source is whole: name, address, date, grade") {
    CHECK(complaint_about({{"source", ""}}).find("source: blank; this field is required") !=
          std::string::npos);
    CHECK(complaint_about({{"as_of", "May"}}).find("as_of: 'May' is not a date (2026, 2026-05 or") !=
          std::string::npos);
    CHECK(complaint_about({{"grade", "D"}}).find("grade: 'D' is not one of A, B, C") != std::string::npos);
    CHECK(complaint_about({{"source_url", "x.eu"}}).find("source_url: 'x.eu' is not an address (https://") !=
          std::string::npos);
    CHECK(complaint_about({{"source_url", ""}}).find("source_url: blank; only a fact of grade C") !=
          std::string::npos);
    CHECK(parse_systems(good().with({{"source_url", ""}, {"grade", "C"}}).file(), "s.csv"));
}

TEST_CASE("an id stands for one system") {
    const std::string twice = good().file() + good().line();
    CHECK(only_problem(systems_table(), twice) == "t.csv:3:1: id: 'x' stands in an earlier row too");
}

TEST_CASE("an unknown system is answered with those most alike") {
    const auto near = find_system(built_in(), "leonardo");
    REQUIRE(!near);
    CHECK(near.error().code == Code::not_found);
    CHECK(near.error().message ==
          "no system 'leonardo' in systems.csv (do you mean leonardo-booster, leonardo-lisa?)");
    CHECK(find_system(built_in(), "zzz").error().message == "no system 'zzz' in systems.csv");
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
