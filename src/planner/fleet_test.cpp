#include "planner/fleet.hpp"

#include <doctest/doctest.h>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

Fleet fleet_like(const std::string& name, const std::string& changes = "") {
    return make_fleet(scenario_like(name, changes), built_in_facts()).value();
}

const FleetSite& site_called(const Fleet& fleet, std::string_view id) {
    for (const FleetSite& site : fleet.sites)
        if (site.id == id) return site;
    FAIL("no such site");
    return fleet.sites.front();
}

}  // namespace

TEST_CASE("the existing fleet has the peak that the facts add up to") {
    const Fleet fleet = fleet_like("existing-fleet");
    double cards = 0, peak = 0;
    for (const FleetSite& site : fleet.sites) {
        cards += site.cards;
        peak += site.peak_flop_per_s;
    }
    CHECK(cards == 101052);
    CHECK(peak / 1e18 == doctest::Approx(70.9).epsilon(0.001));
}

TEST_CASE("a site that a replica does not fit, or that costs more than it adds, is left out and says why") {
    const Fleet fleet = fleet_like("existing-fleet");
    CHECK(site_called(fleet, "jupiter-booster").why_not.empty());
    const FleetSite& small = site_called(fleet, "discoverer-plus");
    CHECK_FALSE(fleet.model.units[*small.unit].fits);
    CHECK(small.why_not == "a replica needs 69 of its cards, the share gives 3");
    const FleetSite& costly = site_called(fleet, "dawn");
    CHECK_FALSE(fleet.model.units[*costly.unit].selected);
    CHECK(site_called(fleet, "jaif").why_not == "its accelerator is not published");
    const Fleet whole = fleet_like("existing-fleet", "[fleet]\nshare = 1.0\n");
    CHECK(whole.model.units[*site_called(whole, "capella").unit].fits);
}

TEST_CASE("a limit on sites keeps the largest") {
    const Fleet fleet = fleet_like("existing-fleet", "[fleet]\nmost_sites = 2\n");
    CHECK(site_called(fleet, "jupiter-booster").why_not.empty());
    CHECK(site_called(fleet, "alps-gh200").why_not.empty());
    CHECK(site_called(fleet, "lumi-g").why_not == "the scenario takes 2 sites at most");
}

TEST_CASE("systems that are still to come have an uncertain first day, common to their country") {
    const Fleet fleet = fleet_like("ai-factories");
    const FleetSite& site = site_called(fleet, "it4lia-ai");
    const InputIndex online = fleet.model.units[*site.unit].online_day;
    REQUIRE(online != no_input);
    const UncertainInput& input = fleet.model.inputs[static_cast<std::size_t>(online)];
    CHECK(input.group == "country IT");
    CHECK(input.group_share == 0.25);
    CHECK(site_called(fleet, "lumi-ai").why_not.find("not published") != std::string::npos);
}

TEST_CASE("a campus has the cards that its power feeds") {
    const Fleet fleet = fleet_like("campus-grid");
    const FleetSite& campus = site_called(fleet, "campus");
    CHECK(campus.cards == doctest::Approx(1e9 / (1400 * 1.25 * 1.2)).epsilon(0.001));
    CHECK(fleet.model.units[0].ramp_days == doctest::Approx(365.25));
    CHECK(campus.capital_euros > 20e9);
}

TEST_CASE("an accelerator without a rate is refused where it is asked for") {
    const auto asked =
        make_fleet(scenario_like("existing-fleet", "[fleet]\nwith = [\"lumi-ai\"]\n"), built_in_facts());
    REQUIRE_FALSE(asked);
    CHECK(asked.error().message.rfind("test.toml: [fleet] with: 'lumi-ai' ", 0) == 0);
    const std::string build =
        "[[build]]\nid = \"x\"\ncountry = \"DE\"\npower_mw = 40\nyears = 2\naccelerator = ";
    const auto without =
        make_fleet(scenario_like("existing-fleet", build + "\"mi430x\"\n"), built_in_facts());
    REQUIRE_FALSE(without);
    CHECK(
        without.error().message ==
        "test.toml: [[build]] x: accelerator 'mi430x' has no published rate, MFU or power; use one that has");
    CHECK_FALSE(make_fleet(scenario_like("existing-fleet", build + "\"h101\"\n"), built_in_facts()));
}

TEST_CASE("the inner steps that serve best depend on the share, unless they are given") {
    const double tenth = fleet_like("existing-fleet").model.shape.shape.inner_steps;
    const double whole = fleet_like("existing-fleet", "[fleet]\nshare = 1.0\n").model.shape.shape.inner_steps;
    CHECK(whole > tenth);
    CHECK(fleet_like("existing-fleet", "[run]\ninner_steps = 77\n").model.shape.shape.inner_steps == 77);
}

TEST_CASE("a site to be built needs a name and a country of its own") {
    const std::string build = "[[build]]\npower_mw = 40\nyears = 2\naccelerator = \"h100-sxm-80\"\n";
    const auto twice = make_fleet(
        scenario_like("existing-fleet", build + "country = \"DE\"\nid = \"lumi-g\"\n"), built_in_facts());
    CHECK(twice.error().message ==
          "test.toml: [[build]] lumi-g: id: a system of the facts has it; use another");
    const auto nowhere = make_fleet(scenario_like("existing-fleet", build + "country = \"ZZ\"\nid = \"x\"\n"),
                                    built_in_facts());
    CHECK(nowhere.error().message ==
          "test.toml: [[build]] x: country: 'ZZ' is unknown; use an ISO code such as DE");
}

TEST_CASE("cards whose memory nobody has published take no part, and that is the reason given") {
    CHECK(site_called(fleet_like("ai-factories"), "meluxina-ai").why_not ==
          "the memory of its cards is not published");
}

TEST_CASE("every figure of the fleet leads to sources") {
    const Fleet fleet = fleet_like("existing-fleet");
    const Figure* rate = fleet.trace.find("system.lumi-g.rate");
    REQUIRE(rate != nullptr);
    CHECK(rate->inputs ==
          std::vector<std::string>{"share", "system.lumi-g.cards", "accelerator.mi250x.peak", "mfu.mi250x"});
    for (const Figure& figure : fleet.trace.figures())
        if (figure.inputs.empty()) CHECK_MESSAGE(!figure.source.name.empty(), figure.id);
}
