#include "planner/headline.hpp"

#include <doctest/doctest.h>

#include "planner/embedded_scenarios.hpp"
#include "planner/headline_file.hpp"

namespace euromesh::planner {
namespace {

using doctest::Approx;

HeadlineParameters published(const std::string& name) {
    const auto file = embedded_scenario("published-" + name);
    REQUIRE(file);
    const auto parameters = read_headline(file->text, std::string(file->name));
    REQUIRE(parameters);
    return *parameters;
}

struct Row {
    const char* name;
    int mesh;
    const char* mesh_label;
    int campus;
    const char* campus_label;
    int gap;
};

}  // namespace

TEST_CASE("the published table, to the month") {
    const Row rows[] = {{"optimistic", 23, "Dec 2027", 67, "Aug 2031", 44},
                        {"baseline", 33, "Oct 2028", 85, "Feb 2033", 52},
                        {"pessimistic", 49, "Feb 2030", 115, "Aug 2035", 66}};
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const HeadlineParameters parameters = published(row.name);
        const HeadlineResult result = run_headline(parameters);
        CHECK(result.mesh_month == row.mesh);
        CHECK(result.campus_month == row.campus);
        CHECK(result.gap() == row.gap);
        CHECK(month_label(parameters.first_month, row.mesh) == row.mesh_label);
        CHECK(month_label(parameters.first_month, row.campus) == row.campus_label);
    }
}

TEST_CASE("equations 1 to 6 give the figures worked by hand") {
    const HeadlineParameters p;
    CHECK(p.target.flop() == Approx(1.9683e25));
    CHECK(cards_of(p.card, 40) == Approx(28571.43));
    CHECK(peak_of(p.card, 40) == Approx(2.8257e19).epsilon(1e-4));
    CHECK(compute_seconds(p) == Approx(2.43e21 / (2.825714e19 * 0.4)).epsilon(1e-6));  // 500 x 6 x N x 2e6
    CHECK(exchange_seconds(p) == Approx(16.2 + 0.06));
    const MeshEfficiency e = mesh_efficiency(p, 49);
    CHECK(e.eta == Approx(0.96356).epsilon(1e-4));
    CHECK(e.alpha == Approx(1.10 + 0.04 * 5.614710));
    CHECK(e.value() == Approx(0.72744).epsilon(1e-4));
    CHECK(month_flop(p.card, 1000, 0.42, 1) == Approx(7.69045e26).epsilon(1e-5));
}

TEST_CASE("the penalty grows with distance between exchanges and with sites, up to its cap") {
    HeadlineParameters p;
    p.efficiency.inner_steps = 1000;
    CHECK(mesh_efficiency(p, 2).alpha == Approx(1.10 + 0.03 + 0.04));
    p.efficiency.inner_steps = 250;
    CHECK(mesh_efficiency(p, 1).alpha == Approx(1.07));
    p.efficiency.k_n = 0.5;
    CHECK(mesh_efficiency(p, 49).alpha == 1.60);
}

TEST_CASE("sites get power in their region's year, then one after another") {
    HeadlineParameters p;
    p.sites.lead_multiplier = 2;
    const auto sites = sites_of(p);
    REQUIRE(sites.size() == 49);
    CHECK(sites[0].region == "Nordics");
    CHECK(sites[0].power_from_year == 5.0);
    CHECK(sites[8].region == "France");
    CHECK(sites[8].power_from_year == Approx(5.0 + 1.0 / 12));
    p.sites.most = 24;
    const auto first = sites_of(p);
    REQUIRE(first.size() == 24);
    CHECK(first.back().region == "Iberia");
    CHECK(first.back().number == 3);
}

TEST_CASE("power ramps from nothing to full, never beyond") {
    CHECK(ramp_share(30, 2.5, 12) == 0);
    CHECK(ramp_share(29, 2.5, 12) == 0);
    CHECK(ramp_share(36, 2.5, 12) == 0.5);
    CHECK(ramp_share(90, 2.5, 12) == 1);
}

TEST_CASE("series rise, end at full power and cross the target in the month that is told") {
    const HeadlineParameters p;
    const HeadlineResult result = run_headline(p);
    REQUIRE(result.series.size() == 120);
    CHECK(result.series.back().mesh_mw == 49 * 40);
    CHECK(result.series.back().campus_mw == 1000);
    for (std::size_t m = 1; m < result.series.size(); ++m) {
        CHECK(result.series[m].mesh_mw >= result.series[m - 1].mesh_mw);
        CHECK(result.series[m].mesh_flop >= result.series[m - 1].mesh_flop);
        CHECK(result.series[m].campus_flop >= result.series[m - 1].campus_flop);
    }
    CHECK(result.series[33].mesh_flop >= p.target.flop());
    CHECK(result.series[32].mesh_flop < p.target.flop());
}

TEST_CASE("energy up to delivery is IT power over the months times PUE") {
    HeadlineParameters p;
    p.campus.lead_years = 0;
    p.campus.ramp_months = 1;
    p.target.tokens = 1e13;  // done in the first month of full power, month 1
    const HeadlineResult result = run_headline(p);
    CHECK(result.campus_month == 1);
    CHECK(campus_gwh(p, result) == Approx(1000 * 720 * 1.2 / 1000));
}

TEST_CASE("a target that is not reached within the months has no date") {
    HeadlineParameters p;
    p.target.tokens *= 1e6;
    const HeadlineResult result = run_headline(p);
    CHECK(!result.mesh_month);
    CHECK(!result.campus_month);
    CHECK(!result.gap());
}

TEST_CASE("more of what helps is never later") {
    const HeadlineParameters base;
    const int month = *run_headline(base).mesh_month;
    HeadlineParameters p = base;
    p.sites.mfu = 0.6;
    CHECK(*run_headline(p).mesh_month <= month);
    p = base;
    p.sites.lead_multiplier = 0.5;
    CHECK(*run_headline(p).mesh_month < month);
    p = base;
    p.target.tokens *= 100;
    CHECK(*run_headline(p).mesh_month > month);
}

TEST_CASE("months count on from any first month") {
    CHECK(month_label({2026, 1}, 0) == "Jan 2026");
    CHECK(month_label({2026, 1}, 11) == "Dec 2026");
    CHECK(month_label({2026, 11}, 2) == "Jan 2027");
}

}  // namespace euromesh::planner
