#include "planner/scenario.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"
#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

std::string problem(const std::string& text) {
    const Result<Scenario> scenario = read_text(text);
    REQUIRE_FALSE(scenario);
    CHECK(scenario.error().code == Code::bad_input);
    return scenario.error().message;
}

}  // namespace

TEST_CASE("named targets, and FLOP at 20 tokens a parameter") {
    CHECK(target_of("405b").value().flop == doctest::Approx(6 * 405e9 * 8.1e12));
    CHECK(target_of("llama-405b").value().flop == 3.8e25);
    const Target asked = target_of("1.2e24").value();
    CHECK(asked.parameters == doctest::Approx(1e11));
    CHECK(asked.tokens == doctest::Approx(2e12));
    CHECK(target_of("30b").error().message ==
          "target '30b': use one of 8b, 70b, 405b, llama-405b, or FLOP from 1e18 to 1e32");
    CHECK_FALSE(target_of("-1e25"));
    CHECK_FALSE(target_of("1e40"));
}

TEST_CASE("an included scenario is the base, and the file says what differs") {
    const Scenario scenario = scenario_like("existing-fleet", "name = \"mine\"\n[fleet]\nshare = 0.25\n");
    CHECK(scenario.name == "mine");
    CHECK(scenario.fleet.share == 0.25);
    CHECK(scenario.fleet.status == std::vector{facts::SystemStatus::operational});
    CHECK(scenario.run.wan_gbps.central == 10);
    CHECK(scenario.file == "test.toml");
}

TEST_CASE("a mixture of experts keeps its active parameters through an include, and they set the FLOP") {
    const FindScenario base = [](std::string_view, std::string_view) -> Result<ScenarioText> {
        return ScenarioText{"base.toml",
                            "[target]\nparameters = 1e12\nactive_parameters = 5e10\ntokens = 1e13\n"};
    };
    const Scenario scenario = read_scenario({"a.toml", "include = \"base.toml\"\n"}, base).value();
    CHECK(scenario.target.active_parameters == 5e10);
    CHECK(scenario.target.flop == doctest::Approx(6 * 5e10 * 1e13));
    CHECK(scenario.target.name == "1000 billion parameters");
}

TEST_CASE("every scenario that travels in the program and is not a published one can be read") {
    for (const facts::EmbeddedFile& file : embedded_scenarios()) {
        if (file.name.rfind("published-", 0) == 0) continue;
        CAPTURE(file.name);
        CHECK(read_scenario({std::string(file.name), std::string(file.text)}, find_built_in));
    }
}

TEST_CASE("what is wrong is said in one line with its place") {
    CHECK(problem("[fleet]\nshear = 0.1\n") ==
          "test.toml:2: [fleet] shear: unknown key; did you mean 'share'?");
    CHECK(problem("[fleet]\nshare = -0.1\n") ==
          "test.toml:2: [fleet] share: -0.1 is out of range; use 1e-06 to 1");
    CHECK(problem("[start]\nfrom = \"2026-02-30\"\n").rfind("test.toml:2: [start] from: ", 0) == 0);
    CHECK(problem("[start]\nfrom = 2026-02-30\n").rfind("test.toml:2:", 0) == 0);
    CHECK(problem("[run]\ncodec = \"int3\"\n").rfind("test.toml:2: [run] codec: ", 0) == 0);
    CHECK(problem("[run]\ninner_steps = 0.5\n") ==
          "test.toml:2: [run] inner_steps: must be 1 or more, or 0 to have it chosen");
    CHECK(problem("[run]\nwan_gbps = [10, 5, 20]\n") ==
          "test.toml:2: [run] wan_gbps: must be one number or [low, central, high] in that order");
    CHECK(problem("[doubt]\neurope = 0.7\ncountry = 0.5\n") ==
          "test.toml:3: [doubt] country: europe + country is 1.2; their sum is at most 1");
    CHECK(problem("[score]\nlead_years = 0.9\ncarbon_g_kwh = 0.3\n") ==
          "test.toml:3: [score] carbon_g_kwh: the weights sum to 1.85; they must sum to 1");
    CHECK(problem("[fleet]\nstatus = [\"runs\"]\n").rfind("test.toml:2: [fleet] status: 'runs' is not", 0) ==
          0);
    CHECK(problem("[[build]]\nid = \"x\"\ncountry = \"DE\"\naccelerator = \"h100-sxm-80\"\npower_mw = 40\n")
              .find("either years = [low, central, high] or grid") != std::string::npos);
}

TEST_CASE("a scenario that includes itself, or one that is not there") {
    const FindScenario circle = [](std::string_view name, std::string_view) -> Result<ScenarioText> {
        return ScenarioText{std::string(name),
                            name == "b.toml" ? "include = \"a.toml\"" : "include = \"b.toml\""};
    };
    const auto itself = read_scenario({"a.toml", "# a\ninclude = \"b.toml\"\n"}, circle);
    REQUIRE_FALSE(itself);
    CHECK(itself.error().message ==
          "b.toml:1: include: the scenario includes itself: a.toml > b.toml > a.toml");
    CHECK(problem("include = \"nothing-like-it\"\n").rfind("test.toml:1: include: ", 0) == 0);
}

TEST_CASE("too many files that include each other end") {
    int count = 0;
    const FindScenario endless = [&](std::string_view, std::string_view) -> Result<ScenarioText> {
        return ScenarioText{fmt::format("{}.toml", count++), "include = \"next.toml\""};
    };
    const auto deep = read_scenario({"a.toml", "include = \"next.toml\"\n"}, endless);
    REQUIRE_FALSE(deep);
    CHECK(deep.error().message.find("too many files include each other") != std::string::npos);
    CHECK(count < 20);
}

TEST_CASE("a site to be built replaces the one of its name in the base") {
    const Scenario scenario = scenario_like("campus-on-site");
    REQUIRE(scenario.builds.size() == 1);
    CHECK(scenario.builds[0].grid.empty());
    CHECK(scenario.builds[0].years.central == 2);
}

TEST_CASE("no text makes the reader do anything but answer or refuse") {
    const std::string base(embedded_scenario("existing-fleet").value().text);
    Random random(11);
    for (int i = 0; i < 600; ++i) {
        std::string text = base;
        for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
            const std::size_t at = random.below(text.size());
            if (random.below(2) == 0)
                text[at] = static_cast<char>(random.below(256));
            else
                text.erase(at, random.below(40));
        }
        const Result<Scenario> scenario = read_text(text);
        if (!scenario) CHECK(scenario.error().message.rfind("test.toml", 0) == 0);
    }
}
