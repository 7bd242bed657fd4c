#include "facts/network.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(network_table().shape, {{"id", "x"},
                                           {"type", "rtt_measured"},
                                           {"a", "P"},
                                           {"b", "Q"},
                                           {"source", "test"},
                                           {"source_url", "https://t.eu"},
                                           {"as_of", "2026"},
                                           {"grade", "B"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(network_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("the built-in links by kind") {
    const auto links = load_links(FactFiles::built_in());
    REQUIRE(links);
    std::vector<int> count(5);
    for (const Link& link : *links) ++count[static_cast<std::size_t>(link.kind)];
    CHECK(count == std::vector<int>{72, 66, 153, 8, 1});
    const Link& first = links->front();
    CHECK(first.id == "geant-amsterdam-brussels");
    CHECK(first.a.place == "Amsterdam");
    CHECK(first.a.country == "NL");
    CHECK(first.b.lat == 50.85);
    CHECK(first.distance_km == 173);
    CHECK(first.rtt_ms == 6.0);
    CHECK(!first.capacity_gbps);
    CHECK(name_of(first.kind) == "geant_link");
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"type", "road"}}).find("t.csv:2:3: type: 'road' is not one of geant_link, ") ==
          0);
    CHECK(complaint_about({{"a_lat", "-90.5"}, {"a_lon", "4"}}) ==
          "t.csv:2:19: a_lat: -90.5 is outside -90 to 90");
    CHECK(complaint_about({{"b_lon", "4"}})
              .find("b_lat: latitude and longitude are given together or not at all") != std::string::npos);
    CHECK(complaint_about({{"rtt_ms", "0"}}).find("rtt_ms: 0 is outside 0.001 to") != std::string::npos);
    CHECK(complaint_about({{"b", ""}}).find("b: blank; this field is required") != std::string::npos);
}

}  // namespace euromesh::facts
