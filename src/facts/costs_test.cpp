#include "facts/costs.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(costs_table().shape, {{"id", "x"},
                                         {"category", "gpu_hour"},
                                         {"item", "an hour"},
                                         {"region", "EU"},
                                         {"unit", "EUR per GPU h"},
                                         {"central", "2"},
                                         {"currency", "EUR"},
                                         {"eur_central", "2"},
                                         {"source", "list"},
                                         {"source_url", "https://l.eu"},
                                         {"as_of", "2026"},
                                         {"grade", "B"},
                                         {"evidence", "seen"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(costs_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("the built-in costs, found by id") {
    const auto costs = load_costs(FactFiles::built_in());
    REQUIRE(costs);
    CHECK(costs->size() == 46);
    const auto dollar = find_cost(*costs, "fx-usd");
    REQUIRE(dollar);
    CHECK(dollar->central == 0.851);
    CHECK(!dollar->low);
    const auto residual = find_cost(*costs, "resid-h100-y3");
    REQUIRE(residual);
    CHECK(!residual->currency);
    CHECK(!residual->eur_central);
    CHECK(find_cost(*costs, "fx-usb").error().message ==
          "no cost 'fx-usb' in costs.csv (do you mean fx-usd?)");
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"category", "beer"}}).find("t.csv:2:3: category: 'beer' is not one of capex_") ==
          0);
    CHECK(complaint_about({{"low", "3"}}) == "t.csv:2:37: low: 3 is above central, which is 2");
    CHECK(complaint_about({{"currency", "GBP"}}).find("currency: 'GBP' is not one of EUR, USD") !=
          std::string::npos);
    CHECK(complaint_about({{"eur_central", ""}}).find("eur_central: blank; needed beside a central value") !=
          std::string::npos);
    CHECK(complaint_about({{"unit", ""}}).find("unit: blank") != std::string::npos);
}

}  // namespace euromesh::facts
