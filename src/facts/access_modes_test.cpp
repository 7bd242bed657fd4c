#include "facts/access_modes.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(access_modes_table().shape, {{"id", "x"},
                                                {"name", "X"},
                                                {"track", "science"},
                                                {"who", "all"},
                                                {"unit", "GPU h"},
                                                {"source", "call"},
                                                {"source_url", "https://c.eu"},
                                                {"as_of", "2026"},
                                                {"grade", "B"},
                                                {"evidence", "seen"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(access_modes_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("the built-in ways of access") {
    const auto modes = load_access_modes(FactFiles::built_in());
    REQUIRE(modes);
    CHECK(modes->size() == 22);
    const AccessMode& first = modes->front();
    CHECK(first.id == "aif-playground");
    CHECK(first.allocation_max == 5000);
    CHECK(first.review_days == 4);
    CHECK(first.cutoffs_per_year == 365);
    CHECK(first.price == "free");
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"allocation_min", "9"}, {"allocation_max", "5"}}) ==
          "t.csv:2:23: allocation_min: 9 is above allocation_max, which is 5");
    CHECK(complaint_about({{"cutoffs_per_year", "366"}}).find("cutoffs_per_year: 366 is outside 0 to 365") !=
          std::string::npos);
    CHECK(complaint_about({{"review_days", "soon"}}).find("review_days: 'soon' is not a number") !=
          std::string::npos);
    CHECK(complaint_about({{"who", ""}}).find("who: blank") != std::string::npos);
}

}  // namespace euromesh::facts
