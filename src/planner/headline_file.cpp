#include "planner/headline_file.hpp"

#include <charconv>
#include <set>

#include "contract/toml_reader.hpp"
#include "planner/embedded_scenarios.hpp"

namespace euromesh::planner {
namespace {

using contract::TomlReader;

int whole(TomlReader& reader, std::string_view key, int fallback, contract::IntegerRange range) {
    return static_cast<int>(reader.integer(key, fallback, range));
}

std::optional<int> digits(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

HeadlineMonth read_month(TomlReader& reader, HeadlineMonth month) {
    const std::string text = reader.text("first_month", fmt::format("{:04}-{:02}", month.year, month.month));
    const bool shaped = text.size() == 7 && text[4] == '-';
    const auto year = shaped ? digits(text.substr(0, 4)) : std::nullopt;
    const auto number = shaped ? digits(text.substr(5)) : std::nullopt;
    if (year && number && *year >= 1900 && *number >= 1 && *number <= 12) return {*year, *number};
    reader.reject("first_month",
                  fmt::format("'{}' is no month; write one as \"2026-01\"", text.substr(0, 40)));
    return month;
}

HeadlineTarget read_target(TomlReader reader) {
    HeadlineTarget target;
    target.parameters = reader.number("parameters", target.parameters, {1e6, 1e15});
    target.tokens = reader.number("tokens", target.tokens, {1e6, 1e20});
    return target;
}

HeadlineCard read_card(TomlReader reader) {
    HeadlineCard card;
    card.peak_flops = reader.number("peak_flops", card.peak_flops, {1e9, 1e18});
    card.power_kw = reader.number("power_kw", card.power_kw, {0.01, 100});
    card.pue = reader.number("pue", card.pue, {1, 3});
    return card;
}

HeadlineSites read_sites(TomlReader reader) {
    HeadlineSites sites;
    sites.power_mw = reader.number("power_mw", sites.power_mw, {0.01, 1e5});
    sites.per_region = whole(reader, "per_region", sites.per_region, {1, 100});
    sites.most = whole(reader, "most", sites.most, {0, 100000});
    sites.stagger_months = reader.number("stagger_months", sites.stagger_months, {0, 120});
    sites.lead_multiplier = reader.number("lead_multiplier", sites.lead_multiplier, {0, 100});
    sites.ramp_months = reader.number("ramp_months", sites.ramp_months, {0.01, 240});
    sites.mfu = reader.number("mfu", sites.mfu, {0.001, 1});
    return sites;
}

HeadlineCampus read_campus(TomlReader reader) {
    HeadlineCampus campus;
    campus.power_mw = reader.number("power_mw", campus.power_mw, {0.01, 1e6});
    campus.lead_years = reader.number("lead_years", campus.lead_years, {0, 100});
    campus.ramp_months = reader.number("ramp_months", campus.ramp_months, {0.01, 240});
    campus.mfu = reader.number("mfu", campus.mfu, {0.001, 1});
    return campus;
}

HeadlineEfficiency read_efficiency(TomlReader reader) {
    HeadlineEfficiency e;
    // With these ranges the penalty stays above 0 for every number of inner steps.
    e.alpha0 = reader.number("alpha0", e.alpha0, {1, 10});
    e.k_h = reader.number("k_h", e.k_h, {0, 0.1});
    e.k_n = reader.number("k_n", e.k_n, {0, 1});
    e.alpha_cap = reader.number("alpha_cap", e.alpha_cap, {1, 100});
    e.inner_steps = reader.number("inner_steps", e.inner_steps, {1, 1e6});
    e.batch_tokens = reader.number("batch_tokens", e.batch_tokens, {1, 1e12});
    e.compression = reader.number("compression", e.compression, {0, 2});
    e.wan_gbit_s = reader.number("wan_gbit_s", e.wan_gbit_s, {1e-3, 1e6});
    e.latency_ms = reader.number("latency_ms", e.latency_ms, {0, 1e5});
    e.overlap = reader.number("overlap", e.overlap, {0, 1});
    return e;
}

HeadlineRegion read_region(TomlReader& reader) {
    HeadlineRegion region;
    region.name = reader.required_text("name");
    if (!reader.has("lead_years")) reader.reject("lead_years", "is missing; it must be years, as 2.5");
    region.lead_years = reader.number("lead_years", 0, {0, 100});
    return region;
}

std::vector<HeadlineRegion> read_regions(TomlReader& root, std::vector<HeadlineRegion> fallback) {
    std::vector<HeadlineRegion> regions;
    std::set<std::string> seen;
    for (TomlReader& reader : root.tables("region")) {
        regions.push_back(read_region(reader));
        if (!seen.insert(regions.back().name).second)
            reader.reject("name", "a region of this name is there already");
    }
    if (regions.size() > 100) root.reject("region", "there are at most 100 regions");
    return regions.empty() ? fallback : regions;
}

}  // namespace

Result<HeadlineParameters> read_headline(std::string_view text, std::string file) {
    EM_ASSIGN(TomlReader root, TomlReader::parse(text, std::move(file)));
    HeadlineParameters parameters;
    TomlReader head = root.table("headline");
    parameters.name = head.text("name", parameters.name);
    parameters.first_month = read_month(head, parameters.first_month);
    parameters.months = whole(head, "months", parameters.months, {1, 1200});
    parameters.target = read_target(root.table("target"));
    parameters.card = read_card(root.table("card"));
    parameters.sites = read_sites(root.table("sites"));
    parameters.campus = read_campus(root.table("campus"));
    parameters.efficiency = read_efficiency(root.table("efficiency"));
    parameters.regions = read_regions(root, parameters.regions);
    EM_TRY(root.finish());
    return parameters;
}

Result<std::vector<HeadlineParameters>> published_headlines() {
    std::vector<HeadlineParameters> published;
    for (const char* name : {"published-optimistic", "published-baseline", "published-pessimistic"}) {
        EM_ASSIGN(const facts::EmbeddedFile file, embedded_scenario(name));
        EM_ASSIGN(HeadlineParameters parameters, read_headline(file.text, std::string(file.name)));
        published.push_back(std::move(parameters));
    }
    return published;
}

}  // namespace euromesh::planner
