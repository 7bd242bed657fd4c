#include "planner/figure.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::planner;

namespace {

Trace area_of_two_sources() {
    Trace trace;
    trace.leaf({.id = "count",
                .label = "cards",
                .value = 10,
                .unit = "cards",
                .source = {"user guide", "https://example.org", "2026", facts::Grade::a}});
    trace.leaf({.id = "peak",
                .label = "peak of a card",
                .value = 4,
                .unit = "FLOP/s",
                .range = Range{3, 5},
                .source = {"a guess", "", "", facts::Grade::c}});
    trace.derive({.id = "fleet",
                  .label = "peak of the fleet",
                  .value = 40,
                  .unit = "FLOP/s",
                  .formula = "cards x peak",
                  .inputs = {"count", "peak"}});
    return trace;
}

}  // namespace

TEST_CASE("a derived figure is as good as the worst that went in") {
    const Trace trace = area_of_two_sources();
    CHECK(trace.find("count")->grade == facts::Grade::a);
    CHECK(trace.find("fleet")->grade == facts::Grade::c);
    CHECK(trace.find("nothing") == nullptr);
}

TEST_CASE("a fact that two passes name is kept once") {
    Trace trace = area_of_two_sources();
    trace.leaf({.id = "count", .label = "other", .value = 11, .unit = "cards"});
    CHECK(trace.figures().size() == 3);
    CHECK(trace.find("count")->value == 10);
}

TEST_CASE("an explanation goes down to the sources") {
    const std::string text = explain(area_of_two_sources(), "fleet");
    CHECK(text ==
          "peak of the fleet: 40 FLOP/s [C] = cards x peak\n"
          "  cards: 10 cards [A] user guide, 2026, https://example.org\n"
          "  peak of a card: 4 FLOP/s (3 to 5) [C] a guess\n");
}

TEST_CASE("a figure as JSON leaves out what is not known") {
    const Trace trace = area_of_two_sources();
    const Json fleet = to_json(*trace.find("fleet"));
    CHECK(fleet["inputs"] == Json({"count", "peak"}));
    CHECK_FALSE(fleet.contains("source"));
    CHECK_FALSE(fleet.contains("low"));
    CHECK(to_json(*trace.find("peak"))["high"] == 5);
}
