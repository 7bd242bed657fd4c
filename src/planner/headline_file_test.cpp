#include "planner/headline_file.hpp"

#include <doctest/doctest.h>

namespace euromesh::planner {
namespace {

std::string refusal(std::string_view text) {
    const auto parameters = read_headline(text, "mine.toml");
    REQUIRE(!parameters);
    CHECK(parameters.error().code == Code::bad_input);
    return parameters.error().message;
}

}  // namespace

TEST_CASE("the published files say what the baseline of the program is") {
    const auto published = published_headlines();
    REQUIRE(published);
    REQUIRE(published->size() == 3);
    const HeadlineParameters& base = published->at(1);
    const HeadlineParameters built_in;
    CHECK(base.name == "baseline");
    CHECK(base.sites.mfu == built_in.sites.mfu);
    CHECK(base.campus.lead_years == built_in.campus.lead_years);
    CHECK(base.efficiency.k_n == built_in.efficiency.k_n);
    CHECK(base.card.pue == built_in.card.pue);
    REQUIRE(base.regions.size() == built_in.regions.size());
    for (std::size_t i = 0; i < base.regions.size(); ++i) {
        CHECK(base.regions[i].name == built_in.regions[i].name);
        CHECK(base.regions[i].lead_years == built_in.regions[i].lead_years);
    }
    CHECK(published->at(0).efficiency.wan_gbit_s == 400);
    CHECK(published->at(2).sites.ramp_months == 18);
}

TEST_CASE("every key of a file is read") {
    const auto p = read_headline(
        "[headline]\nname='x'\nfirst_month='2027-03'\nmonths=60\n"
        "[target]\nparameters=1e9\ntokens=2e9\n"
        "[card]\npeak_flops=1e15\npower_kw=2\npue=1.1\n"
        "[sites]\npower_mw=10\nper_region=2\nmost=1\nstagger_months=3\nlead_multiplier=2\nramp_months=4\nmfu="
        "0.3\n"
        "[campus]\npower_mw=500\nlead_years=3\nramp_months=5\nmfu=0.5\n"
        "[efficiency]\nalpha0=1.2\nk_h=0.1\nk_n=0.2\nalpha_cap=2\ninner_steps=100\nbatch_tokens=4e6\n"
        "compression=0.5\nwan_gbit_s=10\nlatency_ms=20\noverlap=1\n"
        "[[region]]\nname='A'\nlead_years=1.5\n",
        "x");
    REQUIRE(p);
    CHECK(p->name == "x");
    CHECK(p->first_month.year == 2027);
    CHECK(p->first_month.month == 3);
    CHECK(p->months == 60);
    CHECK(p->target.flop() == 12e18);
    CHECK(p->card.peak_flops == 1e15);
    CHECK(p->card.power_kw == 2);
    CHECK(p->card.pue == 1.1);
    CHECK(p->sites.power_mw == 10);
    CHECK(p->sites.per_region == 2);
    CHECK(p->sites.most == 1);
    CHECK(p->sites.stagger_months == 3);
    CHECK(p->sites.lead_multiplier == 2);
    CHECK(p->sites.ramp_months == 4);
    CHECK(p->sites.mfu == 0.3);
    CHECK(p->campus.power_mw == 500);
    CHECK(p->campus.lead_years == 3);
    CHECK(p->campus.ramp_months == 5);
    CHECK(p->campus.mfu == 0.5);
    const HeadlineEfficiency& e = p->efficiency;
    CHECK(e.alpha0 == 1.2);
    CHECK(e.k_h == 0.1);
    CHECK(e.k_n == 0.2);
    CHECK(e.alpha_cap == 2);
    CHECK(e.inner_steps == 100);
    CHECK(e.batch_tokens == 4e6);
    CHECK(e.compression == 0.5);
    CHECK(e.wan_gbit_s == 10);
    CHECK(e.latency_ms == 20);
    CHECK(e.overlap == 1);
    REQUIRE(p->regions.size() == 1);
    CHECK(p->regions[0].lead_years == 1.5);
}

TEST_CASE("at the ends of the ranges the penalty is above 0 and the answer comes in no time") {
    std::string text =
        "[headline]\nmonths=1200\n[sites]\nper_region=100\n[efficiency]\nalpha0=1\nk_h=0.1\nk_n=0\ninner_"
        "steps=1\n";
    for (int i = 0; i < 100; ++i) text += fmt::format("[[region]]\nname='{}'\nlead_years=90\n", i);
    const auto parameters = read_headline(text, "x");
    REQUIRE(parameters);
    const HeadlineResult result = run_headline(*parameters);
    CHECK(result.efficiency.alpha > 0);
    CHECK(result.mesh_month > 1080);
    CHECK(refusal(text + "[[region]]\nname='more'\nlead_years=1\n").find("at most 100 regions") !=
          std::string::npos);
}

TEST_CASE("what is wrong is told with its place") {
    CHECK(refusal("[sites]\nmfu = 0.4\nlead_multiplyer = 1.0\n") ==
          "mine.toml:3: [sites] lead_multiplyer: unknown key; did you mean 'lead_multiplier'?");
    CHECK(refusal("[campus]\nlead_years = -1\n") ==
          "mine.toml:2: [campus] lead_years: -1 is out of range; use 0 to 100");
    CHECK(refusal("[headline]\nfirst_month = \"2026-13\"\n") ==
          "mine.toml:2: [headline] first_month: '2026-13' is no month; write one as \"2026-01\"");
    CHECK(refusal("[headline]\nfirst_month = \"+026-01\"\n").find("is no month") != std::string::npos);
    CHECK(refusal("[[region]]\nname = \"A\"\n").find("mine.toml:1: [[region]] lead_years: is missing") == 0);
    CHECK(refusal("[[region]]\nname = \"A\"\nlead_years = 1\n[[region]]\nname = \"A\"\nlead_years = 2\n") ==
          "mine.toml:5: [[region]] name: a region of this name is there already");
    CHECK(refusal("[sites]\nmfu = \"0.4\"\n") == "mine.toml:2: [sites] mfu: must be a number");
    CHECK(refusal("[sites\n").find("mine.toml:1:") == 0);
}

}  // namespace euromesh::planner
