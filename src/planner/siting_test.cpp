#include "planner/siting.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

std::vector<SitingCandidate> candidates_like(const std::string& name, const std::string& changes = "") {
    const Fleet fleet = make_fleet(scenario_like(name, changes), built_in_facts()).value();
    return candidates_of(fleet, built_in_facts());
}

const SitingCandidate& find(const std::vector<SitingCandidate>& list, std::string_view id) {
    const auto at = std::find_if(list.begin(), list.end(), [&](const auto& c) { return c.id == id; });
    REQUIRE(at != list.end());
    return *at;
}

}  // namespace

TEST_CASE("a system that runs waits for nothing and needs no building; its line is unknown") {
    const auto list = candidates_like("ai-factories");
    const SitingCandidate& jupiter = find(list, "jupiter-booster");
    CHECK(jupiter.lead_years == 0);
    CHECK(jupiter.capex_eur_kw == 0);
    CHECK(jupiter.sovereignty == 2);
    CHECK_FALSE(jupiter.fibre_gbit_s);
    CHECK(find(list, "it4lia-ai").lead_years.value() > 0.3);
    CHECK(find(list, "isambard-ai").sovereignty.value_or(0) < 2);
}

TEST_CASE("a campus that waits for the grid scores below a fleet that runs, where waiting counts") {
    const auto list = candidates_like("campus-grid", "[fleet]\nstatus = [\"operational\"]\nshare = 0.1\n");
    const auto scores =
        score_sites(list, {.lead_years = 0.6, .price_eur_mwh = 0.2, .capex_eur_kw = 0.2}).value();
    CHECK(scores.back().id == "campus");
    CHECK(find(list, "campus").accessible_mw.value() == doctest::Approx(1000).epsilon(0.001));
}
