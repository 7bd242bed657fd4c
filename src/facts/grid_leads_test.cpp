#include "facts/grid_leads.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(grid_leads_table().shape, {{"id", "x"},
                                              {"region", "Somewhere"},
                                              {"country_iso2", "FR"},
                                              {"load_class", "large"},
                                              {"central_years", "4"},
                                              {"source", "RTE"},
                                              {"source_url", "https://r.fr"},
                                              {"as_of", "2026"},
                                              {"grade", "B"},
                                              {"evidence", "seen"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(grid_leads_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("the built-in leads: the published mean, and a region of several countries") {
    const auto leads = load_grid_leads(FactFiles::built_in());
    REQUIRE(leads);
    CHECK(leads->size() == 29);
    bool nordic = false;
    for (const GridLead& lead : *leads) {
        if (lead.id == "euromesh-mean") CHECK(lead.central_years == 7.6);
        if (lead.id == "flapd-large") CHECK(!lead.load_mw);
        if (lead.id == "eu-medium") CHECK(name_of(lead.load_class) == "medium");
        nordic = nordic || lead.country == "NORDIC";
    }
    CHECK(nordic);
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"load_class", "huge"}}) ==
          "t.csv:2:16: load_class: 'huge' is not one of large, medium");
    CHECK(complaint_about({{"central_years", ""}}).find("central_years: blank") != std::string::npos);
    CHECK(complaint_about({{"low_years", "5"}}) ==
          "t.csv:2:23: low_years: 5 is above central_years, which is 4");
    CHECK(complaint_about({{"high_years", "3"}}).find("central_years: 4 is above high_years, which is 3") !=
          std::string::npos);
    CHECK(complaint_about({{"country_iso2", "NORTH"}}).find("'NORTH' is not a country") != std::string::npos);
}

}  // namespace euromesh::facts
