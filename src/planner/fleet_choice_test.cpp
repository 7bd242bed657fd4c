#include "planner/fleet_choice.hpp"

#include <doctest/doctest.h>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

std::vector<ChosenSystem> choose(const std::string& fleet) {
    return choose_systems(scenario_like("existing-fleet", "[fleet]\n" + fleet), built_in_facts()).value();
}

std::string problem(const std::string& fleet) {
    const auto chosen =
        choose_systems(scenario_like("existing-fleet", "[fleet]\n" + fleet), built_in_facts());
    REQUIRE_FALSE(chosen);
    return chosen.error().message;
}

}  // namespace

TEST_CASE("countries, names and the age of cards narrow the fleet") {
    const std::size_t all = choose("").size();
    const std::size_t finnish = choose("countries = [\"FI\"]\n").size();
    CHECK(finnish == 2);
    const std::size_t members = choose("countries = [\"EU27\"]\n").size();
    CHECK(members < all);
    CHECK(members > all / 2);
    CHECK(choose("kinds = [\"eurohpc\"]\n").size() < all / 2);
    CHECK(choose("without = [\"lumi-g\"]\n").size() == all - 1);
    CHECK(choose("with = [\"it4lia-ai\"]\n").size() == all + 1);
    const std::size_t older = choose("accelerators = \"older\"\n").size();
    const std::size_t newer = choose("accelerators = \"newer\"\n").size();
    CHECK(older > 10);
    CHECK(newer > 10);
    CHECK(older + newer <= all);
}

TEST_CASE("a country or system that there is not is named") {
    CHECK(problem("countries = [\"XX\"]\n") ==
          "test.toml: [fleet] countries: 'XX' is unknown; use ISO codes such as DE, or EU27");
    CHECK(problem("with = [\"lumi-x\"]\n").rfind("test.toml: [fleet] with: ", 0) == 0);
    CHECK(problem("without = [\"lumi-x\"]\n").rfind("test.toml: [fleet] without: ", 0) == 0);
}

TEST_CASE("a system under contract comes after its announced year began, and slips") {
    const Scenario scenario = scenario_like("ai-factories");
    const auto jupiter = facts::find_system(built_in_facts().systems, "jupiter-booster").value();
    CHECK_FALSE(first_days(jupiter, scenario));
    const auto it4lia = facts::find_system(built_in_facts().systems, "it4lia-ai").value();
    const Spread days = first_days(it4lia, scenario).value();
    CHECK(days.low == 0);
    CHECK(days.central == doctest::Approx(15 + 0.5 * 365.25));
    CHECK(days.high == doctest::Approx(30 + 1.5 * 365.25));
}

TEST_CASE("in a plan from the past, what runs today came on its day") {
    Scenario scenario = scenario_like("existing-fleet");
    scenario.from = facts::date_of({2024, 1, 1});
    const auto jupiter = facts::find_system(built_in_facts().systems, "jupiter-booster").value();
    CHECK(first_days(jupiter, scenario).value().central == facts::date_of({2025, 9, 5}) - scenario.from);
}

TEST_CASE("a grid row gives the years of a site to be built") {
    const Scenario scenario = scenario_like("campus-grid");
    const SourcedSpread years = build_years(scenario.builds[0], built_in_facts(), scenario).value();
    CHECK(years.spread.central == 7);
    CHECK(years.source.grade == facts::Grade::c);
    Build other = scenario.builds[0];
    other.grid = "moon-large";
    CHECK(build_years(other, built_in_facts(), scenario).error().message.find("no row 'moon-large'") !=
          std::string::npos);
}
