// Every number that docs/models/published-headline.md states is what the program computes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/os/file.hpp"
#include "planner/headline_checks.hpp"
#include "planner/headline_file.hpp"

namespace euromesh::planner {
namespace {

// Line breaks of the page count as spaces.
std::string page() {
    const auto text = os::read_file("docs/models/published-headline.md", 1 << 20);
    REQUIRE(text);
    std::string words;
    for (const char c : *text) {
        if (c != '\n' && (c != ' ' || words.back() != ' ')) words += c;
        if (c == '\n' && words.back() != ' ') words += ' ';
    }
    return words;
}

void check_says(const std::string& text, const std::string& part) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
}

std::vector<HeadlineParameters> published() {
    const auto all = published_headlines();
    REQUIRE(all);
    return *all;
}

// 1.97e+25 -> 1.97e25
std::string power_of_ten(double value, int digits) {
    std::string text = fmt::format("{:.{}e}", value, digits);
    text.erase(text.find('+'), 1);
    return text;
}

}  // namespace

TEST_CASE("the table of the page") {
    const std::string text = page();
    for (const HeadlineParameters& p : published()) {
        const HeadlineResult r = run_headline(p);
        check_says(text, fmt::format("| {} | month {}, {} | month {}, {} | {} months |", p.name,
                                     *r.mesh_month, month_label(p.first_month, *r.mesh_month),
                                     *r.campus_month, month_label(p.first_month, *r.campus_month), *r.gap()));
    }
}

TEST_CASE("the parameters of the page") {
    const std::string text = page();
    const auto all = published();
    const auto row = [&](const char* start, auto cell) {
        check_says(text, fmt::format("{}{} | {} | {} |", start, cell(all[0]), cell(all[1]), cell(all[2])));
    };
    row("| m_s | multiplier of these waits | | ",
        [](const auto& p) { return fmt::format("{:.1f}", p.sites.lead_multiplier); });
    row("| wait of the campus | years | ",
        [](const auto& p) { return fmt::format("{:.1f}", p.campus.lead_years); });
    row("| ramp of a site, of the campus | months | ",
        [](const auto& p) { return fmt::format("{}, {}", p.sites.ramp_months, p.campus.ramp_months); });
    row("| of the sites, of the campus | | ",
        [](const auto& p) { return fmt::format("{:.2f}, {:.2f}", p.sites.mfu, p.campus.mfu); });
    row("| penalty | | ", [](const auto& p) {
        const HeadlineEfficiency& e = p.efficiency;
        return fmt::format("{:.2f}, {:.2f}, {:.2f}", e.alpha0, e.k_h, e.k_n);
    });
    row("| 1, Gbit/s | ", [](const auto& p) {
        return fmt::format("{:.2f}, {}", p.efficiency.compression, p.efficiency.wan_gbit_s);
    });
}

TEST_CASE("the worked numbers of the page") {
    const std::string text = page();
    const HeadlineParameters p = published()[1];
    const HeadlineResult r = run_headline(p);
    check_says(text, fmt::format("n = {:.3f} cards", cards_of(p.card, 40) / 1000).replace(6, 1, ","));
    check_says(text, fmt::format("peak of a site {} FLOP/s", power_of_ten(peak_of(p.card, 40), 3)));
    check_says(text, fmt::format("C = {} FLOP", power_of_ten(p.target.flop(), 3)));
    check_says(text, fmt::format("t_c = {:.1f} s, t_x = {:.2f} s, η = {:.4f}; α = {:.4f}; E = {:.4f}.",
                                 r.efficiency.compute_s, r.efficiency.exchange_s, r.efficiency.eta,
                                 r.efficiency.alpha, r.efficiency.value()));
    check_says(text,
               fmt::format("month 32 the mesh has done {} FLOP, by the end of month 33 {}.",
                           power_of_ten(r.series[32].mesh_flop, 2), power_of_ten(r.series[33].mesh_flop, 2)));
    check_says(text, fmt::format("any power, {:.0f} MW, which is {} FLOP", r.series[85].campus_mw,
                                 power_of_ten(r.series[85].campus_flop, 2)));
    check_says(text, fmt::format("mesh {:.1f} GWh, campus {:.1f} GWh", mesh_gwh(p, r), campus_gwh(p, r)));
    CHECK(r.series[84].campus_mw == 0);
}

TEST_CASE("what the page says that checking shows") {
    const std::string text = page();
    const auto all = published();
    const HeadlineChecks c = check_headline(all[1], all[0], all[2]);
    check_says(text, fmt::format("{} to {} gives {} to {} months", c.campus_lead_years.low,
                                 c.campus_lead_years.high, *c.gap_shortest_lead, *c.gap_longest_lead));
    check_says(text, fmt::format("after {:.1f} years puts the campus {} months ahead", c.on_site_years,
                                 -*c.gap_on_site));
    check_says(text, fmt::format("the mesh has {:.2f} times", c.power_ratio));
    check_says(text, fmt::format("the gap stays at {} for this target and is {} at 2e28 FLOP",
                                 *c.equal_power[0].gap, *c.equal_power[1].gap));
    check_says(text,
               fmt::format("(exactly 1 GW) it is {} and {}. With all 49 sites it is {} at 2e28",
                           *c.equal_power[2].gap, *c.equal_power[3].gap, *equal_power(all[1], 0, 2e28).gap));
    check_says(text, fmt::format("in {:.1f} hours and one site, with the mesh's efficiency, in {:.1f} days",
                                 c.campus_hours, c.site_days));
    check_says(text, fmt::format("({:.1f} hours, if the campus had the sites' MFU of {:.2f})",
                                 c.campus_hours * all[1].campus.mfu / all[1].sites.mfu, all[1].sites.mfu));
}

TEST_CASE("the other two cases: none moves, or three by one month, as the page says") {
    const auto all = published();
    for (const Layer1Sweep& sweep : layer1_sweeps(all[0], all[0], all[2])) CHECK(sweep.moves == 0);
    for (const Layer1Sweep& sweep : layer1_sweeps(all[2], all[0], all[2])) {
        CAPTURE(sweep.id);
        const bool moves = sweep.id == "k_n" || sweep.id == "alpha_cap" || sweep.id == "mfu";
        CHECK(sweep.moves == (moves ? 1 : 0));
    }
}

}  // namespace euromesh::planner
