#include "sim/scenario.hpp"

#include <algorithm>
#include <cmath>

#include "contract/toml_reader.hpp"
#include "sync/codec.hpp"

namespace euromesh::sim {
namespace {

using contract::NumberRange;
using contract::TomlReader;

constexpr NumberRange chance{0, 1};

// One number, or [low, high].
Range range(TomlReader& reader, std::string_view key, Range fallback, NumberRange limits) {
    const std::vector<double> values = reader.numbers(key, {}, 2, limits);
    if (values.empty()) return fallback;
    const Range made{values.front(), values.back()};
    if (made.low > made.high) reader.reject(key, "must be one number or [low, high] in that order");
    return made;
}

Range whole(TomlReader& reader, std::string_view key, Range fallback, NumberRange limits) {
    const Range made = range(reader, key, fallback, limits);
    if (made.low != std::floor(made.low) || made.high != std::floor(made.high)) {
        reader.reject(key, "must be a whole number, or two");
    }
    return made;
}

template <class Known>
std::vector<std::string> names(TomlReader& reader, std::string_view key, std::vector<std::string> fallback,
                               Known known) {
    std::vector<std::string> made = reader.texts(key, std::move(fallback));
    if (made.empty()) reader.reject(key, "must name at least one");
    for (const std::string& name : made) {
        if (const auto found = known(name); !found) reader.reject(key, found.error().message);
    }
    return made;
}

void read_run(TomlReader reader, Scenario& scenario) {
    scenario.rounds = whole(reader, "rounds", scenario.rounds, {1, 1e5});
    scenario.inner_steps = whole(reader, "inner_steps", scenario.inner_steps, {1, 1e6});
    scenario.tau = whole(reader, "tau", scenario.tau, {0, 1e6});
    scenario.fragments = whole(reader, "fragments", scenario.fragments, {1, 64});
    scenario.quorum = whole(reader, "quorum", scenario.quorum, {1, sync::sites_most});
    scenario.staleness = whole(reader, "staleness", scenario.staleness, {0, 64});
    scenario.catch_up = whole(reader, "catch_up_rounds", scenario.catch_up, {1, 64});
    scenario.grace_chance = reader.number("grace_chance", scenario.grace_chance, chance);
    scenario.wire_chance = reader.number("wire_chance", scenario.wire_chance, chance);
    scenario.codecs = names(reader, "codec", scenario.codecs, sync::find_codec);
    scenario.outer = names(reader, "outer", scenario.outer, sync::parse_outer_kind);
    scenario.weights = names(reader, "weights", scenario.weights, sync::parse_weight_rule);
    RunModel& run = scenario.fixed.run;
    run.alpha = reader.number("alpha", run.alpha, chance);
    run.params = reader.number("params", run.params, {1, 1e14});
    run.checkpoint_rounds = static_cast<std::uint64_t>(reader.integer("checkpoint_rounds", 3, {1, 1000}));
}

void read_lines(TomlReader reader, Scenario& scenario) {
    scenario.bandwidth_mbit = range(reader, "bandwidth_mbit", scenario.bandwidth_mbit, {0.001, 1e9});
    scenario.latency_ms = range(reader, "latency_ms", scenario.latency_ms, {0, 1e4});
    scenario.hub_chance = reader.number("hub_chance", scenario.hub_chance, chance);
    NetworkModel& network = scenario.fixed.network;
    network.jitter_s = reader.number("jitter_ms", network.jitter_s * 1e3, {0, 1e4}) / 1e3;
    network.silence_s = reader.number("silence_s", network.silence_s, {0.1, 1e4});
    network.dial_s = reader.number("dial_s", network.dial_s, {0.001, 100});
    network.hub_bits_per_second =
        reader.number("hub_mbit", network.hub_bits_per_second / 1e6, {0.001, 1e9}) * 1e6;
}

void read_compute(TomlReader reader, Scenario& scenario) {
    scenario.step_seconds = range(reader, "step_seconds", scenario.step_seconds, {1e-6, 1e5});
    scenario.tokens_per_step = whole(reader, "tokens_per_step", scenario.tokens_per_step, {1, 1e12});
    ComputeModel& compute = scenario.fixed.compute;
    compute.spread = reader.number("spread", compute.spread, {0, 0.99});
    compute.straggle_chance = reader.number("straggle_chance", compute.straggle_chance, chance);
    compute.straggle_factor = reader.number("straggle_factor", compute.straggle_factor, {1, 1e3});
}

void read_faults(TomlReader reader, FaultModel& faults) {
    const std::pair<const char*, double*> rates[] = {{"kills", &faults.kills},
                                                     {"vanishings", &faults.vanishings},
                                                     {"leaves", &faults.leaves},
                                                     {"resets", &faults.resets},
                                                     {"outages", &faults.outages},
                                                     {"slow_lines", &faults.slow_lines},
                                                     {"corrupt_frames", &faults.corrupt_frames},
                                                     {"repeated_frames", &faults.repeated_frames},
                                                     {"clock_jumps", &faults.clock_jumps},
                                                     {"full_disks", &faults.full_disks},
                                                     {"hub_restarts", &faults.hub_restarts},
                                                     {"bit_flips", &faults.bit_flips}};
    for (const auto& [key, rate] : rates) *rate = reader.number(key, *rate, {0, 1000});
    faults.away_s = reader.number("away_s", faults.away_s, {0.001, 1e6});
}

void read_sites(TomlReader& reader, const Scenario& scenario, std::vector<SiteModel>& sites) {
    for (TomlReader& entry : reader.tables("site")) {
        SiteModel site;
        site.name = entry.required_text("name");
        site.step_seconds = entry.number("step_seconds", scenario.step_seconds.low, {1e-6, 1e5});
        site.tokens_per_step = static_cast<std::uint64_t>(
            entry.number("tokens_per_step", scenario.tokens_per_step.low, {1, 1e12}));
        site.line.bits_per_second =
            entry.number("bandwidth_mbit", scenario.bandwidth_mbit.low, {0.001, 1e9}) * 1e6;
        site.line.latency_s = entry.number("latency_ms", scenario.latency_ms.low, {0, 1e4}) / 1e3;
        site.line.by_hub = entry.boolean("by_hub", false);
        if (!is_valid_id(site.name)) entry.reject("name", "use a-z, 0-9, '.', '_', '-', at most 64");
        sites.push_back(std::move(site));
    }
    if (sites.size() > sync::sites_most) reader.reject("site", fmt::format("at most {}", sync::sites_most));
}

// ---- drawing ----------------------------------------------------------------------------------------------

double draw_number(const Range& from, Random& random) {
    const double uniform = random.uniform();
    return from.low == from.high ? from.low : from.low + (from.high - from.low) * uniform;
}

// Sizes differ by factors: uniform in the logarithm.
double draw_size(const Range& from, Random& random) {
    const double uniform = random.uniform();
    return from.low == from.high ? from.low : from.low * std::pow(from.high / from.low, uniform);
}

std::uint64_t draw_whole(const Range& from, Random& random) {
    const auto low = static_cast<std::uint64_t>(from.low);
    return low + random.below(static_cast<std::uint64_t>(from.high) - low + 1);
}

const std::string& draw_name(const std::vector<std::string>& from, Random& random) {
    return from[random.below(from.size())];
}

void draw_sites(const Scenario& scenario, Random& random, std::vector<SiteModel>& sites) {
    const std::uint64_t count = draw_whole(scenario.sites, random);
    if (!sites.empty()) return;
    for (std::uint64_t i = 0; i < count; ++i) {
        SiteModel site;
        site.name = fmt::format("site{}", i);
        site.step_seconds = draw_size(scenario.step_seconds, random);
        site.tokens_per_step = draw_whole(scenario.tokens_per_step, random);
        site.line.bits_per_second = draw_size(scenario.bandwidth_mbit, random) * 1e6;
        site.line.latency_s = draw_number(scenario.latency_ms, random) / 1e3;
        site.line.by_hub = random.uniform() < scenario.hub_chance;
        sites.push_back(std::move(site));
    }
}

void draw_run(const Scenario& scenario, std::size_t sites, Random& random, RunModel& run) {
    run.rounds = draw_whole(scenario.rounds, random);
    run.inner_steps = draw_whole(scenario.inner_steps, random);
    run.tau = draw_whole(scenario.tau, random);
    run.fragments = draw_whole(scenario.fragments, random);
    run.quorum = std::min(static_cast<std::size_t>(draw_whole(scenario.quorum, random)), sites);
    run.staleness_most = draw_whole(scenario.staleness, random);
    run.catch_up_rounds = draw_whole(scenario.catch_up, random);
    if (random.uniform() < scenario.grace_chance) run.grace = sync::GraceConfig{};
    run.codec = draw_name(scenario.codecs, random);
    run.outer.kind = sync::parse_outer_kind(draw_name(scenario.outer, random)).value();
    run.outer.delay = run.outer.kind == sync::OuterKind::delayed_nesterov ? 2 : 1;
    run.weights = sync::parse_weight_rule(draw_name(scenario.weights, random)).value();
}

}  // namespace

Result<Scenario> read_scenario(std::string_view text, const std::string& label) {
    EM_ASSIGN(TomlReader reader, TomlReader::parse(text, label));
    Scenario scenario;
    scenario.fixed.name = reader.text("name", label);
    scenario.about = reader.text("about", "");
    scenario.sites = whole(reader, "sites", scenario.sites, {1, sync::sites_most});
    read_run(reader.table("run"), scenario);
    read_lines(reader.table("network"), scenario);
    read_compute(reader.table("compute"), scenario);
    scenario.fixed.fsync_s = reader.table("disk").number("fsync_ms", 0.5, {0, 1e5}) / 1e3;
    read_faults(reader.table("faults"), scenario.fixed.faults);
    read_sites(reader, scenario, scenario.fixed.sites);
    EM_TRY(reader.finish());
    return scenario;
}

Setup draw(const Scenario& scenario, std::uint64_t seed) {
    Random random(derive_seed(seed, 3));
    Setup setup = scenario.fixed;
    setup.seed = seed;
    draw_sites(scenario, random, setup.sites);
    draw_run(scenario, setup.sites.size(), random, setup.run);
    setup.wire = random.uniform() < scenario.wire_chance;
    return setup;
}

}  // namespace euromesh::sim
