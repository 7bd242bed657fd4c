#include "planner/concentration.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "base/random.hpp"

namespace euromesh::planner {
namespace {

using doctest::Approx;

Concentration made_of(const std::vector<CountryCompute>& countries) {
    const auto result = concentration_of(countries);
    REQUIRE(result);
    return *result;
}

std::vector<CountryCompute> drawn(Random& random, int count) {
    std::vector<CountryCompute> countries;
    for (int i = 0; i < count; ++i)
        countries.push_back({std::to_string(i), 20 * random.uniform(), 1e6 * (1 + 80 * random.uniform())});
    return countries;
}

// The three of docs/models/concentration.md.
const std::vector<CountryCompute> three = {{"AA", 6, 60e6}, {"BB", 3, 10e6}, {"CC", 1, 30e6}};

std::vector<facts::SystemStatus> operational() {
    return {facts::SystemStatus::operational};
}

facts::FactSet built_in() {
    auto facts = facts::load_facts(facts::FactFiles::built_in());
    REQUIRE(facts);
    return std::move(*facts);
}

}  // namespace

TEST_CASE("the worked example") {
    const Concentration c = made_of(three);
    CHECK(c.hhi == Approx(0.46));
    CHECK(c.hhi_points == Approx(4600));
    CHECK(c.equal_countries() == Approx(1 / 0.46));
    CHECK(c.gini_countries == Approx(2.0 * (3 + 5 + 2) / (2 * 3 * 10)));
    // Per head, in units of 1e-7 EF: 1, 3, 1/3 for 60, 10 and 30 million people.
    CHECK(c.gini_heads == Approx((600 * 2 + 1800 * (2.0 / 3) + 300 * (8.0 / 3)) / (100 * 100)));
    CHECK(c.countries[1].flops_per_head == Approx(3e18 / 10e6));
    CHECK(c.countries[1].share == Approx(0.3));
    CHECK(c.largest == Approx(0.6));
    CHECK(c.largest_three == Approx(1));
    CHECK(c.largest_five == Approx(1));
}

TEST_CASE("n equal countries: HHI 1/n and nobody has more than another") {
    for (const int n : {1, 2, 5, 27}) {
        std::vector<CountryCompute> countries;
        for (int i = 0; i < n; ++i) countries.push_back({std::to_string(i), 2.5, 1e7});
        const Concentration c = made_of(countries);
        CHECK(c.hhi == Approx(1.0 / n));
        CHECK(c.gini_countries == 0);
        CHECK(c.gini_heads == 0);
    }
}

TEST_CASE("one that has all: HHI 1, Gini 1 - 1/n, and 1 - its part of the people") {
    const Concentration c = made_of({{"A", 5, 25e6}, {"B", 0, 25e6}, {"C", 0, 25e6}, {"D", 0, 25e6}});
    CHECK(c.hhi == 1);
    CHECK(c.gini_countries == Approx(0.75));
    CHECK(c.gini_heads == Approx(0.75));
    CHECK(made_of({{"A", 5, 10e6}, {"B", 0, 90e6}}).gini_heads == Approx(0.9));
}

TEST_CASE("no compute at all is no inequality") {
    const Concentration c = made_of({{"A", 0, 1e6}, {"B", 0, 2e6}});
    CHECK(c.hhi == 0);
    CHECK(c.equal_countries() == 0);
    CHECK(c.gini_heads == 0);
}

TEST_CASE("neither units nor order change the indices; splitting a country keeps the heads' Gini") {
    Random random(11);
    for (int round = 0; round < 50; ++round) {
        const auto countries = drawn(random, 12);
        const Concentration c = made_of(countries);
        auto other = std::vector<CountryCompute>(countries.rbegin(), countries.rend());
        for (CountryCompute& row : other) {
            row.exaflops *= 1000;
            row.population /= 50;
        }
        const Concentration same = made_of(other);
        CHECK(same.hhi == Approx(c.hhi));
        CHECK(same.gini_countries == Approx(c.gini_countries));
        CHECK(same.gini_heads == Approx(c.gini_heads));
        auto split = countries;
        split[0].exaflops /= 2;
        split[0].population /= 2;
        split.push_back({"half", split[0].exaflops, split[0].population});
        CHECK(made_of(split).gini_heads == Approx(c.gini_heads));
        CHECK(made_of(split).hhi < c.hhi);
        CHECK(c.hhi >= 1.0 / 12);
        CHECK(c.gini_heads < 1);
        CHECK(c.largest <= c.largest_three);
    }
}

TEST_CASE("a federation keeps the sum and scales the heads' Gini by what stays its own") {
    Random random(13);
    for (int round = 0; round < 50; ++round) {
        const auto countries = drawn(random, 9);
        const Concentration before = made_of(countries);
        for (const double share : {0.0, 0.025, 0.1, 0.5, 1.0}) {
            const Concentration after = made_of(federated(countries, share));
            CHECK(after.exaflops == Approx(before.exaflops));
            CHECK(after.gini_heads == Approx((1 - share) * before.gini_heads));
        }
        const Concentration whole = made_of(federated(countries, 1));
        CHECK(whole.countries[0].flops_per_head ==
              Approx(whole.exaflops * 1e18 / whole.population).epsilon(1e-12));
    }
}

TEST_CASE("what makes no sense is refused in one line") {
    const auto refusal = [](std::vector<CountryCompute> countries) {
        const auto result = concentration_of(std::move(countries));
        REQUIRE(!result);
        CHECK(result.error().code == Code::bad_input);
        return result.error().message;
    };
    CHECK(refusal({}) == "no countries; a concentration needs at least one");
    CHECK(refusal({{"A", 1, 1}, {"A", 1, 1}}) == "country 'A' is there twice; give each once");
    CHECK(refusal({{"A", -1, 1}}) == "country 'A': compute -1 EF; it must be 0 or more");
    CHECK(refusal({{"A", 1, 0}}) == "country 'A': population 0; it must be above 0");
    CHECK(refusal({{"A", std::numeric_limits<double>::quiet_NaN(), 1}}).find("'A'") != std::string::npos);
}

TEST_CASE("the facts: all operational systems are counted, in the countries that host them") {
    const auto counted = compute_of(built_in(), CountrySet::eurohpc, operational());
    REQUIRE(counted);
    const Concentration c = made_of(counted->countries);
    CHECK(c.exaflops == Approx(70.9).epsilon(0.001));
    const auto eu = compute_of(built_in(), CountrySet::eu27, operational());
    REQUIRE(eu);
    CHECK(eu->countries.size() == 27);
    CHECK(made_of(eu->countries).exaflops == Approx(52.9).epsilon(0.001));
    CHECK(counted->systems > eu->systems);
    CHECK(counted->countries.size() > eu->countries.size());
}

TEST_CASE("sets have the names of the enumerators") {
    CHECK(country_set_names()[static_cast<std::size_t>(CountrySet::eurohpc)] == "eurohpc");
    CHECK(country_set_names()[static_cast<std::size_t>(CountrySet::eu27)] == "eu27");
}

TEST_CASE("an unknown population is told; an unknown number of accelerators is set apart") {
    facts::FactSet facts = built_in();
    facts.countries.resize(1);
    facts.countries[0].population = 1000000;
    facts.countries[0].eurohpc_member = true;
    facts::System system;
    system.id = "quiet";
    system.country = facts.countries[0].country;
    system.status = facts::SystemStatus::operational;
    facts.systems = {system};
    const auto counted = compute_of(facts, CountrySet::eurohpc, operational());
    REQUIRE(counted);
    CHECK(counted->systems == 0);
    CHECK(counted->uncounted == std::vector<std::string>{"quiet"});
    facts.systems[0].accelerator = "none";
    CHECK(compute_of(facts, CountrySet::eurohpc, operational())->uncounted.empty());
    facts.countries[0].population.reset();
    const auto refused = compute_of(facts, CountrySet::eurohpc, operational());
    REQUIRE(!refused);
    CHECK(refused.error().message.find("the population of AT (Austria) is unknown") == 0);
}

}  // namespace euromesh::planner
