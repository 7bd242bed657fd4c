#include "apps/simulate_question.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/os/file.hpp"
#include "sim/embedded_scenarios.hpp"
#include "sync/codec.hpp"

namespace euromesh::apps {
namespace {

constexpr std::size_t max_scenario_bytes = 1u << 20;

struct Unit {
    std::string_view name;
    double factor;
};

// A number and one of the units; no unit: as it is.
// A unit with an empty name is that of a bare number.
Result<double> quantity(const std::string& text, std::span<const Unit> units, std::string_view example) {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    std::string unit(at, end);
    std::erase(unit, ' ');
    std::transform(unit.begin(), unit.end(), unit.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto found =
        std::find_if(units.begin(), units.end(), [&](const Unit& one) { return one.name == unit; });
    if (error != std::errc{} || found == units.end() || !std::isfinite(value) || value < 0) {
        return fail(Code::bad_input, "'{}': use a number and a unit, such as {}", text.substr(0, 40),
                    example);
    }
    return value * found->factor;
}

Result<sim::Scenario> built_in(const std::string& name) {
    EM_ASSIGN(const facts::EmbeddedFile file, sim::embedded_scenario(name));
    return sim::read_scenario(file.text, std::string(file.name));
}

Result<sim::Scenario> read_scenario(const std::string& name) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(name, error)) return built_in(name);
    EM_ASSIGN(const std::string text, os::read_file(name, max_scenario_bytes));
    return sim::read_scenario(text, name);
}

using Setter = Status (*)(sim::Scenario&, const std::string&);

Status set_whole(sim::Range& range, const std::string& text, double least, double most) {
    EM_ASSIGN(const double value, count_of(text));
    if (value != std::floor(value) || value < least || value > most) {
        return fail(Code::bad_input, "'{}': use a whole number from {} to {}", text.substr(0, 40), least,
                    most);
    }
    range = sim::Range::of(value);
    return {};
}

Status set_codec(sim::Scenario& scenario, const std::string& text) {
    EM_TRY(sync::find_codec(text));
    scenario.codecs = {text};
    return {};
}

Status set_grace(sim::Scenario& scenario, const std::string& text) {
    if (text != "yes" && text != "no") {
        return fail(Code::bad_input, "'{}': use yes or no", text.substr(0, 40));
    }
    scenario.grace_chance = text == "yes" ? 1 : 0;
    return {};
}

Status set_params(sim::Scenario& scenario, const std::string& text) {
    EM_ASSIGN(scenario.fixed.run.params, count_of(text));
    return {};
}

Status set_step_seconds(sim::Scenario& scenario, const std::string& text) {
    EM_ASSIGN(const double seconds, seconds_of(text));
    scenario.step_seconds = sim::Range::of(seconds);
    for (sim::SiteModel& site : scenario.fixed.sites) site.step_seconds = seconds;
    return {};
}

Status set_bandwidth(sim::Scenario& scenario, const std::string& text) {
    EM_ASSIGN(const double rate, bits_per_second_of(text));
    scenario.bandwidth_mbit = sim::Range::of(rate / 1e6);
    for (sim::SiteModel& site : scenario.fixed.sites) site.line.bits_per_second = rate;
    return {};
}

// From site to site, one way: half of it on each of the two lines.
Status set_latency(sim::Scenario& scenario, const std::string& text) {
    EM_ASSIGN(const double seconds, seconds_of(text));
    scenario.latency_ms = sim::Range::of(seconds * 1e3 / 2);
    for (sim::SiteModel& site : scenario.fixed.sites) site.line.latency_s = seconds / 2;
    return {};
}

struct Change {
    const char* option;
    const char* help;
    Setter set;
};

constexpr std::array changes{
    Change{"--sites", "how many (at most 64), in place of those of the scenario",
           [](sim::Scenario& scenario, const std::string& text) {
               scenario.fixed.sites.clear();
               return set_whole(scenario.sites, text, 1, sync::sites_most);
           }},
    Change{"--params", "parameters of the model: 405e9 or 405b", set_params},
    Change{"--codec", "fp32, bf16, fp16, int8, int4, e3m0", set_codec},
    Change{"--inner-steps", "H: inner steps of a round",
           [](sim::Scenario& scenario, const std::string& text) {
               return set_whole(scenario.inner_steps, text, 1, 1e6);
           }},
    Change{"--tau", "inner steps between sending and taking up, below H",
           [](sim::Scenario& scenario, const std::string& text) {
               return set_whole(scenario.tau, text, 0, 1e6);
           }},
    Change{"--fragments", "of the model; each round is of one",
           [](sim::Scenario& scenario, const std::string& text) {
               return set_whole(scenario.fragments, text, 1, 64);
           }},
    Change{"--quorum", "contributions that a round has at least",
           [](sim::Scenario& scenario, const std::string& text) {
               return set_whole(scenario.quorum, text, 1, sync::sites_most);
           }},
    Change{"--grace", "yes: a round waits for a quorum and a measured grace; no: for all", set_grace},
    Change{"--rounds", "how many",
           [](sim::Scenario& scenario, const std::string& text) {
               return set_whole(scenario.rounds, text, 1, 1e5);
           }},
    Change{"--step-seconds", "of one inner step: 12, 12s or 300ms", set_step_seconds},
    Change{"--bandwidth", "of each site's line, both ways: 10gbit, 500mbit", set_bandwidth},
    Change{"--latency", "from site to site, one way: 20ms", set_latency}};

Status break_it(const SimulateQuestion& question, sim::Scenario& scenario) {
    if (question.broken.empty()) return {};
    if (question.broken != "late-twice") {
        return fail(Code::bad_input, "--break '{}': there is late-twice", question.broken.substr(0, 40));
    }
    scenario.fixed.break_late_twice = true;
    return {};
}

std::string scenario_name(const SimulateQuestion& question) {
    if (!question.scenario.empty()) return question.scenario;
    return question.changes.empty() ? "faults" : "calm";
}

}  // namespace

Result<double> bits_per_second_of(const std::string& text) {
    static constexpr Unit units[] = {{"bit", 1},     {"kbit", 1e3},   {"mbit", 1e6},   {"gbit", 1e9},
                                     {"tbit", 1e12}, {"mbit/s", 1e6}, {"gbit/s", 1e9}, {"bit/s", 1}};
    return quantity(text, units, "10gbit or 500mbit");
}

Result<double> seconds_of(const std::string& text) {
    static constexpr Unit units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"min", 60}, {"h", 3600}};
    return quantity(text, units, "20ms or 12s");
}

Result<double> count_of(const std::string& text) {
    static constexpr Unit units[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}, {"b", 1e9}, {"t", 1e12}};
    return quantity(text, units, "405e9 or 405b");
}

void add_simulate_options(CLI::App& command, SimulateQuestion& question) {
    command.add_option(
        "scenario", question.scenario,
        "a scenario file, or a name that --list shows (default faults; calm when a size is asked "
        "for)");
    command.add_option("--seed", question.seed, "which run; with --seeds the first (default 1)");
    command.add_option("--seeds", question.seeds, "so many seeds, each twice, on all cores")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
    command.add_option("--threads", question.threads, "0: all cores")->check(CLI::Range(0u, 1024u));
    for (const Change& change : changes) {
        command.add_option_function<std::string>(
            change.option,
            [&question, option = std::string(change.option)](const std::string& text) {
                question.changes.emplace_back(option, text);
            },
            change.help);
    }
    command.add_flag("--trace", question.trace, "what happens, line by line");
    command.add_flag("--json", question.json, "tell the result as JSON");
    command.add_flag("--list", question.list, "the scenarios in the program");
#ifdef EUROMESH_TESTS
    command.add_option("--break", question.broken, "a defect for the checkers to find: late-twice")
        ->group("");
#endif
}

Result<sim::Scenario> scenario_of(const SimulateQuestion& question) {
    EM_ASSIGN(sim::Scenario scenario, read_scenario(scenario_name(question)));
    for (const auto& [option, text] : question.changes) {
        const auto change =
            std::find_if(changes.begin(), changes.end(),
                         [&wanted = option](const Change& one) { return wanted == one.option; });
        const Status set = change->set(scenario, text);
        if (!set) return fail(set.error().within(option));
    }
    EM_TRY(break_it(question, scenario));
    EM_TRY(sim::check(sim::draw(scenario, question.seed)));
    return scenario;
}

std::string repeat_command(const SimulateQuestion& question, std::uint64_t seed) {
    std::string command = "euromesh simulate " + scenario_name(question);
    for (const auto& [option, text] : question.changes) command += fmt::format(" {} {}", option, text);
    if (!question.broken.empty()) command += " --break " + question.broken;
    return command + fmt::format(" --seed {}", seed);
}

}  // namespace euromesh::apps
