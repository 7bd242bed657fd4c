#include "planner/scenario.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "contract/toml_reader.hpp"

namespace euromesh::planner {
namespace {

using contract::TomlReader;

constexpr std::size_t deepest_include = 8;

struct NamedTarget {
    const char* name;
    double parameters;
    double tokens;
    double flop;
    const char* source;
    const char* url;
    facts::Grade grade;
};

constexpr NamedTarget named_targets[] = {
    {"8b", 8e9, 15e12, 7.2e23, "8 billion parameters x 15T tokens, as Apertus 8B (6ND)",
     "https://arxiv.org/abs/2509.14233", facts::Grade::b},
    {"70b", 70e9, 15e12, 6.3e24, "70 billion parameters x 15T tokens, as Llama 3.1 70B and Apertus 70B (6ND)",
     "https://arxiv.org/abs/2407.21783", facts::Grade::b},
    {"405b", 405e9, 8.1e12, 1.9683e25, "the published EuroMesh analysis, June 2026: 6 x 405e9 x 8.1e12",
     "https://github.com/sammysltd/euromesh", facts::Grade::b},
    {"llama-405b", 405e9, 15.6e12, 3.8e25, "Llama 3.1 405B as published", "https://arxiv.org/abs/2407.21783",
     facts::Grade::a},
};

std::string target_names() {
    std::vector<std::string> names;
    for (const NamedTarget& target : named_targets) names.push_back(target.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

Target target_of_flop(double flop) {
    Target target;
    target.parameters = std::sqrt(flop / 120);
    target.active_parameters = target.parameters;
    target.tokens = 20 * target.parameters;
    target.flop = flop;
    target.name = fmt::format("{:.3g} FLOP", flop);
    target.source = {"asked for; 20 tokens a parameter (Hoffmann et al. 2022)",
                     "https://arxiv.org/abs/2203.15556", "", facts::Grade::b};
    return target;
}

bool is_spread(double low, double central, double high) {
    return low <= central && central <= high;
}

// One number, or [low, central, high].
Spread spread(TomlReader& reader, std::string_view key, Spread fallback, contract::NumberRange range = {}) {
    const std::vector<double> values = reader.numbers(key, {}, 3, range);
    if (values.size() == 1) return Spread::certain(values[0]);
    if (values.empty()) return fallback;
    if (values.size() != 3 || !is_spread(values[0], values[1], values[2])) {
        reader.reject(key, "must be one number or [low, central, high] in that order");
        return fallback;
    }
    return {values[0], values[1], values[2]};
}

void read_target(TomlReader reader, Target& target) {
    if (reader.has("model")) {
        const std::string name = reader.text("model", "");
        Result<Target> named = target_of(name);
        if (!named) reader.reject("model", named.error().message);
        if (named) target = *std::move(named);
    }
    const contract::NumberRange counts{1e3, 1e16};
    if (reader.has("flop")) target = target_of_flop(reader.number("flop", 1e24, {1e18, 1e32}));
    const bool sized = reader.has("parameters") || reader.has("active_parameters") || reader.has("tokens");
    target.parameters = reader.number("parameters", target.parameters, counts);
    if (reader.has("parameters")) target.active_parameters = target.parameters;
    target.active_parameters = reader.number("active_parameters", target.active_parameters, counts);
    target.tokens = reader.number("tokens", target.tokens, counts);
    if (sized && !reader.has("flop")) target.flop = 6 * target.active_parameters * target.tokens;
    if (sized) target.source = {"the scenario; 6 x parameters x tokens", "", "", facts::Grade::c};
    if (sized) target.name = fmt::format("{:.4g} billion parameters", target.parameters / 1e9);
    target.name = reader.text("name", target.name);
}

void read_start(TomlReader reader, Scenario& scenario) {
    const std::string text = reader.date("from", facts::to_iso(scenario.from));
    const Result<facts::Date> from = facts::parse_date(text);
    if (!from) reader.reject("from", from.error().message);
    if (from) scenario.from = *from;
    const double years =
        reader.number("horizon_years", static_cast<double>(scenario.horizon_days) / 365.25, {0.1, 50});
    scenario.horizon_days = std::llround(years * 365.25);
}

std::optional<facts::SystemStatus> status_of(std::string_view name) {
    using enum facts::SystemStatus;
    for (const auto status : {operational, installing, contracted, tender, selected, planned})
        if (facts::name_of(status) == name) return status;
    return std::nullopt;
}

void read_status(TomlReader& reader, FleetChoice& fleet) {
    if (!reader.has("status")) return;
    fleet.status.clear();
    for (const std::string& name : reader.texts("status", {})) {
        const auto status = status_of(name);
        if (status) fleet.status.push_back(*status);
        if (!status)
            reader.reject("status", fmt::format("'{}' is not one of: operational, installing, contracted, "
                                                "tender, selected, planned",
                                                name.substr(0, 40)));
    }
}

void read_kinds(TomlReader& reader, FleetChoice& fleet) {
    using enum facts::SystemKind;
    if (!reader.has("kinds")) return;
    fleet.kinds.clear();
    for (const std::string& name : reader.texts("kinds", {})) {
        bool known = false;
        for (const auto kind : {eurohpc, ai_factory, national, planned}) {
            if (facts::name_of(kind) != name) continue;
            fleet.kinds.push_back(kind);
            known = true;
        }
        if (!known)
            reader.reject("kinds", fmt::format("'{}' is not one of: eurohpc, ai_factory, national, planned",
                                               name.substr(0, 40)));
    }
}

void read_fleet(TomlReader reader, FleetChoice& fleet) {
    read_status(reader, fleet);
    fleet.countries = reader.texts("countries", fleet.countries);
    read_kinds(reader, fleet);
    fleet.with = reader.texts("with", fleet.with);
    fleet.without = reader.texts("without", fleet.without);
    fleet.share = reader.number("share", fleet.share, {1e-6, 1});
    fleet.most_sites = reader.integer("most_sites", fleet.most_sites, {0, 1000});
    if (reader.has("accelerators"))
        fleet.accelerators = reader.choice("accelerators", "any", {"any", "older", "newer"});
    if (fleet.accelerators == "any") fleet.accelerators.reset();
}

void read_codec(TomlReader& reader, RunChoice& run) {
    run.codec = reader.text("codec", run.codec);
    if (const auto payload = payload_of(run.codec); !payload) reader.reject("codec", payload.error().message);
    const std::string name = reader.text("topology", std::string(name_of(run.topology)));
    const Result<Topology> topology = topology_of(name);
    if (!topology) reader.reject("topology", topology.error().message);
    if (topology) run.topology = *topology;
}

void read_run(TomlReader reader, RunChoice& run) {
    read_codec(reader, run);
    run.inner_steps = reader.number("inner_steps", run.inner_steps, {0, 1e6});
    if (run.inner_steps > 0 && run.inner_steps < 1)
        reader.reject("inner_steps", "must be 1 or more, or 0 to have it chosen");
    run.overlap_steps = reader.number("overlap_steps", run.overlap_steps, {0, 1e6});
    run.batch_tokens = reader.number("batch_tokens", run.batch_tokens, {1, 1e12});
    run.reference_batch_tokens =
        reader.number("reference_batch_tokens", run.reference_batch_tokens, {0, 1e12});
    run.wan_gbps = spread(reader, "wan_gbps", run.wan_gbps, {1e-3, 1e5});
    run.round_trip_ms = spread(reader, "round_trip_ms", run.round_trip_ms, {0, 1e4});
    run.straggler = spread(reader, "straggler", run.straggler, {0, 0.9});
    run.penalty = spread(reader, "penalty", run.penalty, {0, 2});
    const contract::NumberRange part{1e-3, 1};
    if (reader.has("efficiency")) run.efficiency = reader.number("efficiency", 1, part);
    if (reader.has("mfu")) run.mfu = reader.number("mfu", 1, part);
    run.in_run_mfu = reader.choice("mfu_basis", run.in_run_mfu ? "in-run" : "whole-job",
                                   {"whole-job", "in-run"}) == "in-run";
}

void read_access(TomlReader reader, AccessRules& access) {
    access.reserved =
        reader.choice("kind", access.reserved ? "reserved" : "queued", {"reserved", "queued"}) == "reserved";
    access.wall_time_h = spread(reader, "wall_time_h", access.wall_time_h, {0.1, 1e5});
    access.queue_h = spread(reader, "queue_h", access.queue_h, {0, 1e5});
    access.chained = spread(reader, "chained", access.chained, {0, 1});
    access.maintenance = spread(reader, "maintenance", access.maintenance, {0, 0.9});
    access.coordination_days = spread(reader, "coordination_days", access.coordination_days, {0, 36500});
}

void read_doubt(TomlReader reader, Doubt& doubt) {
    doubt.europe = reader.number("europe", doubt.europe, {0, 1});
    doubt.country = reader.number("country", doubt.country, {0, 1});
    doubt.software = reader.number("software", doubt.software, {0, 1});
    if (doubt.europe + doubt.country > 1)
        reader.reject("country", fmt::format("europe + country is {}; their sum is at most 1",
                                             doubt.europe + doubt.country));
    const contract::NumberRange years{-5, 20};
    doubt.slip_installing = spread(reader, "slip_installing_years", doubt.slip_installing, years);
    doubt.slip_contracted = spread(reader, "slip_contracted_years", doubt.slip_contracted, years);
    doubt.slip_selected = spread(reader, "slip_selected_years", doubt.slip_selected, years);
    doubt.weak_count = spread(reader, "weak_count", doubt.weak_count, {0, 10});
}

void read_weights(TomlReader reader, SitingWeights& weights) {
    struct Entry {
        const char* key;
        double& value;
    };
    const Entry entries[] = {{"accessible_mw", weights.accessible_mw}, {"lead_years", weights.lead_years},
                             {"fibre_gbit_s", weights.fibre_gbit_s},   {"sovereignty", weights.sovereignty},
                             {"price_eur_mwh", weights.price_eur_mwh}, {"carbon_g_kwh", weights.carbon_g_kwh},
                             {"capex_eur_kw", weights.capex_eur_kw}};
    double sum = 0;
    const char* given = nullptr;
    for (const Entry& entry : entries) {
        if (reader.has(entry.key)) given = entry.key;
        entry.value = reader.number(entry.key, entry.value, {0, 1});
        sum += entry.value;
    }
    if (given != nullptr && std::abs(sum - 1) > 1e-9)
        reader.reject(given, fmt::format("the weights sum to {:.6g}; they must sum to 1", sum));
}

void read_place(TomlReader& reader, Build& build) {
    if (!reader.has("lat") && !reader.has("lon")) return;
    build.lat = reader.number("lat", 0, {-90, 90});
    build.lon = reader.number("lon", 0, {-180, 180});
}

Build read_build(TomlReader reader) {
    Build build;
    build.id = reader.required_text("id");
    build.name = reader.text("name", build.id);
    build.country = reader.required_text("country");
    read_place(reader, build);
    build.accelerator = reader.required_text("accelerator");
    build.power_mw = reader.number("power_mw", 0, {1e-3, 1e5});
    if (!reader.has("power_mw")) reader.reject("power_mw", "is missing; it must be the site's power in MW");
    build.grid = reader.text("grid", "");
    if (reader.has("years") == reader.has("grid"))
        reader.reject("years",
                      "say either years = [low, central, high] or grid = \"a row of grid_lead_times\"");
    build.years = spread(reader, "years", build.years, {0, 50});
    build.ramp_months = reader.number("ramp_months", build.ramp_months, {0, 240});
    return build;
}

void read_builds(TomlReader& root, std::vector<Build>& builds) {
    for (TomlReader& reader : root.tables("build")) {
        Build build = read_build(reader);
        const auto same = [&](const Build& other) { return other.id == build.id; };
        std::erase_if(builds, same);
        builds.push_back(std::move(build));
    }
}

struct IncludeChain {
    const FindScenario& find;
    std::vector<std::string> labels;
};

Status read_into(Scenario& scenario, const ScenarioText& text, IncludeChain& chain);

Status read_included(Scenario& scenario, const std::string& name, const std::string& from, TomlReader& root,
                     IncludeChain& chain) {
    const Result<ScenarioText> found = chain.find(name, from);
    if (!found) {
        root.reject("include", found.error().message);
        return root.finish();
    }
    const bool circle =
        std::find(chain.labels.begin(), chain.labels.end(), found->label) != chain.labels.end();
    if (circle || chain.labels.size() >= deepest_include) {
        chain.labels.push_back(found->label);
        root.reject("include",
                    fmt::format("{}: {}",
                                circle ? "the scenario includes itself" : "too many files include each other",
                                fmt::join(chain.labels, " > ")));
        return fail(Code::bad_input, "{}", root.finish().error().message);
    }
    return read_into(scenario, *found, chain);
}

Status read_into(Scenario& scenario, const ScenarioText& text, IncludeChain& chain) {
    EM_ASSIGN(TomlReader root, TomlReader::parse(text.text, text.label));
    chain.labels.push_back(text.label);
    if (root.has("include")) {
        const std::string name = root.text("include", "");
        EM_TRY(read_included(scenario, name, text.label, root, chain));
    }
    scenario.file = text.label;
    scenario.name = root.text("name", scenario.name);
    scenario.about = root.text("about", scenario.about);
    scenario.seed =
        static_cast<std::uint64_t>(root.integer("seed", static_cast<std::int64_t>(scenario.seed)));
    scenario.scenarios = root.integer("scenarios", scenario.scenarios, {2, 100'000'000});
    read_target(root.table("target"), scenario.target);
    read_start(root.table("start"), scenario);
    read_fleet(root.table("fleet"), scenario.fleet);
    read_run(root.table("run"), scenario.run);
    read_access(root.table("access"), scenario.access);
    read_doubt(root.table("doubt"), scenario.doubt);
    read_weights(root.table("score"), scenario.weights);
    read_builds(root, scenario.builds);
    return root.finish();
}

}  // namespace

Result<Target> target_of(std::string_view text) {
    for (const NamedTarget& named : named_targets) {
        if (text != named.name) continue;
        return Target{named.name,   named.parameters, named.parameters,
                      named.tokens, named.flop,       {named.source, named.url, "2026-11-21", named.grade}};
    }
    double flop = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), flop);
    if (error != std::errc{} || end != text.data() + text.size() || !(flop >= 1e18 && flop <= 1e32))
        return fail(Code::bad_input, "target '{}': use one of {}, or FLOP from 1e18 to 1e32",
                    text.substr(0, 40), target_names());
    return target_of_flop(flop);
}

Result<Scenario> read_scenario(const ScenarioText& text, const FindScenario& find) {
    Scenario scenario;
    scenario.target = target_of("405b").value();
    scenario.from = facts::date_of({2026, 12, 1});
    IncludeChain chain{find, {}};
    EM_TRY(read_into(scenario, text, chain));
    return scenario;
}

}  // namespace euromesh::planner
