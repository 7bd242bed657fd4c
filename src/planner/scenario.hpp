// A planning question as a document: what is trained, on whose machines, from when, under which assumptions.
//
// Scenarios are TOML files (scenarios/plan/, docs/scenario.md). One may `include` another and then says only
// what differs. Reading is strict: an unknown key, a value out of range, a date that does not exist or a file
// that includes itself is one line with its place. A number that is not certain is written [low, central,
// high]. Plain values; the pure passes take a Scenario and facts and nothing else.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "contract/measured.hpp"
#include "facts/date.hpp"
#include "facts/source.hpp"
#include "facts/systems.hpp"
#include "planner/efficiency.hpp"
#include "planner/score.hpp"
#include "planner/spread.hpp"

namespace euromesh::planner {

struct Target {
    std::string name;
    double parameters = 0;
    double active_parameters = 0;
    double tokens = 0;
    double flop = 0;
    facts::Source source;
};

// "8b", "70b", "405b", "llama-405b", or a number of FLOP ("1.97e25"), which is then spent as 20 tokens a
// parameter (Hoffmann et al. 2022). bad_input: names the ones that exist.
Result<Target> target_of(std::string_view text);

struct FleetChoice {
    std::vector<facts::SystemStatus> status = {facts::SystemStatus::operational};
    std::vector<std::string> countries = {};    // ISO codes, or EU27; empty: all
    std::vector<facts::SystemKind> kinds = {};  // empty: all
    std::vector<std::string> with = {};         // system ids taken whatever their status
    std::vector<std::string> without = {};
    std::optional<std::string> accelerators =
        {};                       // "older": of the A100 class or slower; "newer": the others
    double share = 0.10;          // of every system; a political choice, hence never sampled
    std::int64_t most_sites = 0;  // 0: as many as help
};

// A site that nobody has built yet.
struct Build {
    std::string id;
    std::string name;
    std::string country;
    std::optional<double> lat;
    std::optional<double> lon;
    std::string accelerator;
    double power_mw = 0;      // of the whole site: cards, hosts, cooling
    Spread years;             // from the scenario's first day to first power
    std::string grid;         // a row of grid_lead_times.csv that gives `years`
    double ramp_months = 12;  // from first power to full power, linear
};

struct AccessRules {
    bool reserved = false;
    Spread wall_time_h = {24, 24, 48};
    Spread queue_h = {12, 36, 96};
    Spread chained = {0.5, 0.8, 1.0};  // part of the queue hidden by asking for the next allocation early
    Spread maintenance = {0.02, 0.04, 0.08};
    Spread coordination_days = {30, 120, 540};  // from the first day to the first allocation everywhere
};

struct Doubt {
    double europe = 0.25;    // part of the variance that all delays have in common
    double country = 0.25;   // the same within a country
    double software = 0.25;  // part of the variance that the MFU of all accelerators have in common
    Spread slip_installing = {0, 0.25, 1.0};  // years after the announced date, by status
    Spread slip_contracted = {0, 0.5, 1.5};
    Spread slip_selected = {0, 1.0, 2.5};
    Spread weak_count = {0.8, 1.0, 1.2};  // factor on an accelerator count of grade C
};

struct RunChoice {
    std::string codec = "int4";
    double inner_steps = 0;  // H; 0: the one of inner_step_choices with which most is computed
    double overlap_steps = 5;
    Topology topology = Topology::ring;
    double batch_tokens = 16e6;            // Llama 3.1 405B's largest (arXiv 2407.21783)
    double reference_batch_tokens = 16e6;  // the batch for which the target's FLOP was counted
    Spread wan_gbps = {2, 10, 40};
    Spread round_trip_ms = {10, 30, 60};
    Spread straggler = {0.0, 0.03, 0.10};
    Spread penalty = {0, 1, 2};             // of convergence_penalty(): optimistic fit to pessimistic formula
    std::optional<double> efficiency = {};  // a number in place of the whole efficiency model
    std::optional<double> mfu = {};         // one number in place of every accelerator's own
    bool in_run_mfu = false;                // without restarts, evaluation, long-context phases
    std::optional<contract::Measured> measured = {};  // by our own engine: preferred where it holds
};

struct Scenario {
    std::string name;
    std::string about;
    std::string file;
    Target target;
    facts::Date from;
    std::int64_t horizon_days = 3652;
    FleetChoice fleet;
    std::vector<Build> builds;
    RunChoice run;
    AccessRules access;
    Doubt doubt;
    SitingWeights weights = {0.25, 0.20, 0.10, 0.15, 0.10, 0.15, 0.05};
    std::uint64_t seed = 1;
    std::int64_t scenarios = 16384;  // of the Monte Carlo
};

struct ScenarioText {
    std::string label;  // how messages name it; the same file has the same label
    std::string text;
};
// Gives the text of an included scenario: `name` as written in the file called `from`.
using FindScenario = std::function<Result<ScenarioText>(std::string_view name, std::string_view from)>;

// bad_input with file, line and key.
Result<Scenario> read_scenario(const ScenarioText& text, const FindScenario& find);

}  // namespace euromesh::planner
