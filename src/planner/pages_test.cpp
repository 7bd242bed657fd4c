// Every number that docs/models/siting-score.md and concentration.md state is what the program computes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/os/file.hpp"
#include "planner/concentration.hpp"
#include "planner/score.hpp"

namespace euromesh::planner {
namespace {

std::string page(const char* name) {
    const auto text = os::read_file(std::string("docs/models/") + name, 1 << 20);
    REQUIRE(text);
    return *text;
}

void check_says(const std::string& text, const std::string& part) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
}

std::string row_of(const SitingCandidate& c, double score) {
    return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {:.3f} |", c.id, *c.accessible_mw,
                       *c.lead_years, *c.fibre_gbit_s, *c.sovereignty, *c.price_eur_mwh, *c.carbon_g_kwh,
                       *c.capex_eur_kw, score);
}

CountedCompute counted() {
    const auto facts = facts::load_facts(facts::FactFiles::built_in());
    REQUIRE(facts);
    auto result = compute_of(*facts, CountrySet::eurohpc, {facts::SystemStatus::operational});
    REQUIRE(result);
    return *result;
}

Concentration at_share(const CountedCompute& compute, double share) {
    const auto result = concentration_of(federated(compute.countries, share));
    REQUIRE(result);
    return *result;
}

std::string row_of(const char* label, const CountedCompute& compute, double Concentration::*value,
                   double factor, int decimals) {
    std::string row = fmt::format("| {} |", label);
    for (const double share : {0.0, 0.025, 0.1, 0.25, 1.0})
        row += fmt::format(" {:.{}f} |", factor * at_share(compute, share).*value, decimals);
    return row;
}

}  // namespace

TEST_CASE("the siting page") {
    const std::string text = page("siting-score.md");
    const SitingWeights weights = {0.25, 0.2, 0.1, 0.1, 0.15, 0.1, 0.1};
    std::vector<SitingCandidate> places = {{"coast", 100, 2, 400, 3, 50, 50, 10000},
                                           {"valley", 60, 3, 100, 2, 70, 100, 9000},
                                           {"city", 40, 6, 800, 3, 120, 350, 14000}};
    const auto scores = score_sites(places, weights);
    REQUIRE(scores);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK((*scores)[i].id == places[i].id);
        check_says(text, row_of(places[i], *(*scores)[i].score));
    }
    places[0].fibre_gbit_s.reset();
    places[0].carbon_g_kwh.reset();
    const auto partly = score_sites(places, weights);
    REQUIRE(partly);
    check_says(text, fmt::format("it would have {:.3f} with a known weight of {:.2f}.", *(*partly)[0].score,
                                 (*partly)[0].known_weight));
}

TEST_CASE("the concentration page: three countries") {
    const auto c = concentration_of({{"AA", 6, 60e6}, {"BB", 3, 10e6}, {"CC", 1, 30e6}});
    REQUIRE(c);
    check_says(
        page("concentration.md"),
        fmt::format(
            "HHI {:.2f} ({:.0f},{:03.0f} points, as {:.1f} equal countries), Gini of countries {:.3f}, "
            "Gini of people {:.3f}.",
            c->hhi, 4.0, c->hhi_points - 4000, c->equal_countries(), c->gini_countries, c->gini_heads));
}

TEST_CASE("the concentration page: Europe") {
    const std::string text = page("concentration.md");
    const CountedCompute compute = counted();
    check_says(text, row_of("HHI, points", compute, &Concentration::hhi_points, 1, 0));
    check_says(text, row_of("Gini of countries", compute, &Concentration::gini_countries, 1, 3));
    check_says(text, row_of("Gini of people", compute, &Concentration::gini_heads, 1, 3));
    check_says(text, row_of("largest country, %", compute, &Concentration::largest, 100, 1));
    check_says(text, row_of("largest three, %", compute, &Concentration::largest_three, 100, 1));
    const Concentration today = at_share(compute, 0);
    check_says(text, fmt::format("in the {} states of the joint undertaking, {:.1f} EF",
                                 today.countries.size(), today.exaflops));
    check_says(text, fmt::format("Germany has {:.2f} EF, {:.0f} GFLOP/s per head; France {:.0f};",
                                 today.countries[0].exaflops, today.countries[0].flops_per_head / 1e9,
                                 today.countries[6].flops_per_head / 1e9));
    CHECK(today.countries[0].country == "DE");
    CHECK(today.countries[6].country == "FR");
    check_says(text, fmt::format("0 today and {:.1f} with 10 % shared",
                                 at_share(compute, 0.1).countries.back().flops_per_head / 1e9));
    CHECK(today.countries.back().flops_per_head == 0);
}

}  // namespace euromesh::planner
