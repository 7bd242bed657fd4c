// How fast the planner draws and evaluates scenarios.
//
//   bench_planner [SCENARIO [SCENARIOS [MODEL.json]]]     (existing-fleet, 1,000,000)
//
// One line per number of threads: the median of five runs of the whole Monte Carlo as `euromesh plan run`
// does it, with where the time goes, and the peak memory of the process. MODEL.json receives the compiled
// model, the results and 64 scenarios with their outcomes, from which numpy_model.py computes the same.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/json.hpp"
#include "base/os/file.hpp"
#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"
#include "facts/fact_set.hpp"
#include "planner/embedded_scenarios.hpp"
#include "planner/plan.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

constexpr int repeats = 5;

Result<ScenarioText> built_in(std::string_view name, std::string_view) {
    EM_ASSIGN(const facts::EmbeddedFile file, embedded_scenario(name));
    return ScenarioText{std::string(file.name), std::string(file.text)};
}

Result<Plan> plan_of(std::string_view name, const facts::FactSet& facts, std::int64_t scenarios) {
    EM_ASSIGN(const ScenarioText text, built_in(name, ""));
    EM_ASSIGN(Scenario scenario, read_scenario(text, built_in));
    scenario.scenarios = scenarios;
    return make_plan(scenario, facts);
}

struct Time {
    double wall = 0;
    double cpu = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

template <class Work>
Time median_time(Work work) {
    const os::SystemClock clock;
    std::vector<double> wall;
    std::vector<double> cpu;
    for (int i = 0; i < repeats; ++i) {
        const Nanoseconds start = clock.monotonic();
        const Nanoseconds used = os::process_cpu_time();
        work();
        wall.push_back(to_seconds(clock.monotonic() - start));
        cpu.push_back(to_seconds(os::process_cpu_time() - used));
    }
    return {median(wall), median(cpu)};
}

double peak_mib() {
    const auto status = os::read_file("/proc/self/status", 1u << 16);
    if (!status) return 0;
    const std::size_t at = status->find("VmHWM:");
    double kib = 0;
    if (at != std::string::npos) std::sscanf(status->c_str() + at, "VmHWM: %lf", &kib);
    return kib / 1024;
}

// Drawing alone, for the line that says where the time goes.
Time draw_time(const Sampler& sampler, std::uint64_t scenarios) {
    constexpr std::uint64_t block = 32;
    std::vector<double> rows(block * sampler.inputs());
    return median_time([&] {
        for (std::uint64_t first = 0; first < scenarios; first += block) sampler.draw(first, rows);
    });
}

Json to_json(const ModelUnit& unit, const PlanModel& model) {
    return {{"cards", unit.cards},
            {"peak_flop_per_s", unit.peak_flop_per_s},
            {"share", unit.share},
            {"end_day", std::isfinite(unit.end_day) ? Json(unit.end_day) : Json(nullptr)},
            {"ramp_days", unit.ramp_days},
            {"online_day", unit.online_day},
            {"count_factor", unit.count_factor},
            {"mfu", unit.mfu},
            {"hour_price", unit.hour_price},
            {"watts", unit.watts},
            {"pue", unit.pue},
            {"carbon_g_per_kwh", unit.carbon_g_per_kwh},
            {"price_eur_per_kwh", unit.price_eur_per_kwh},
            {"takes_part", model.takes_part(unit, {})}};
}

Json to_json(const UncertainInput& input) {
    return {{"low", input.spread.low},   {"central", input.spread.central},
            {"high", input.spread.high}, {"uniform", input.spread.shape == Spread::Shape::uniform},
            {"europe", input.europe},    {"group_share", input.group_share},
            {"group", input.group}};
}

Json to_json(const CommonInputs& common) {
    return {{"coordination_days", common.coordination_days},
            {"wall_time_h", common.wall_time_h},
            {"queue_h", common.queue_h},
            {"chained", common.chained},
            {"maintenance", common.maintenance},
            {"wan_gbps", common.wan_gbps},
            {"round_trip_ms", common.round_trip_ms},
            {"straggler", common.straggler},
            {"penalty", common.penalty},
            {"pue", common.pue},
            {"power", common.power},
            {"carbon", common.carbon},
            {"electricity", common.electricity}};
}

Json to_json(const AvailabilityInputs& access) {
    return {{"reserved", access.reserved},
            {"restart_s", access.restart_s},
            {"accelerators", access.accelerators},
            {"mean_time_between_failures_h", access.mean_time_between_failures_h},
            {"checkpoint_interval_s", access.checkpoint_interval_s},
            {"checkpoint_write_s", access.checkpoint_write_s}};
}

Json to_json(const PreparedShape& shape) {
    return {{"active_parameters", shape.shape.active_parameters},
            {"batch_tokens", shape.shape.batch_tokens},
            {"inner_steps", shape.shape.inner_steps},
            {"overlap_steps", shape.shape.overlap_steps},
            {"topology", name_of(shape.shape.topology)},
            {"payload_bytes", shape.payload_bytes},
            {"batch_penalty", shape.batch_penalty},
            {"gap_at", {shape.gap.at_2, shape.gap.at_4, shape.gap.at_8}},
            {"steps_factor", shape.gap.steps_factor},
            {"published_doublings", shape.gap.published_doublings}};
}

Json to_json(const PlanModel& model) {
    Json units = Json::array();
    for (const ModelUnit& unit : model.units) units.push_back(to_json(unit, model));
    Json inputs = Json::array();
    for (const UncertainInput& input : model.inputs) inputs.push_back(to_json(input));
    return {{"units", units},
            {"inputs", inputs},
            {"common", to_json(model.common)},
            {"access", to_json(model.access)},
            {"shape", to_json(model.shape)},
            {"fixed_efficiency", model.fixed_efficiency},
            {"target_flop", model.target_flop},
            {"horizon_days", model.horizon_days}};
}

// Infinite outcomes are null.
Json checks_of(const PlanDoubt& doubt) {
    constexpr std::uint64_t checks = 64;
    const std::size_t inputs = doubt.sampler.inputs();
    std::vector<double> rows(checks * inputs);
    doubt.sampler.draw(0, rows);
    Json list = Json::array();
    for (std::uint64_t i = 0; i < checks; ++i) {
        Json outcome = Json::array();
        for (std::size_t k = 0; k < outcome_count; ++k) outcome.push_back(doubt.outcomes.of(k)[i]);
        const auto row = std::span(rows).subspan(i * inputs, inputs);
        list.push_back({{"values", std::vector<double>(row.begin(), row.end())}, {"outcome", outcome}});
    }
    return list;
}

struct Timing {
    unsigned threads = 0;
    Time time = {};
};

Json results_of(const PlanDoubt& doubt, const std::vector<Timing>& timings, std::int64_t scenarios) {
    const Band band = doubt.outcomes.band(0);
    Json seconds = Json::object();
    for (const Timing& timing : timings) seconds[std::to_string(timing.threads)] = timing.time.wall;
    return {{"scenarios", scenarios},
            {"seconds_by_threads", seconds},
            {"cpu_seconds", timings.front().time.cpu},
            {"median_day", band.p50},
            {"p05_day", band.p05},
            {"p95_day", band.p95},
            {"mean_of_finite_euros", doubt.outcomes.mean_of_finite(3)}};
}

Status run(std::string_view name, std::int64_t scenarios, const std::string& model_file) {
    const os::SystemClock clock;
    const Nanoseconds start = clock.monotonic();
    EM_ASSIGN(const facts::FactSet facts, facts::load_facts(facts::FactFiles::built_in()));
    EM_ASSIGN(const Plan plan, plan_of(name, facts, scenarios));
    fmt::print("facts and plan: {:.1f} ms\n", 1e3 * to_seconds(clock.monotonic() - start));
    EM_ASSIGN(PlanDoubt doubt, doubt_of(plan, 0));
    fmt::print("{}: {} units, {} uncertain inputs, {} factors, {} scenarios\n", name,
               plan.fleet.model.units.size(), doubt.sampler.inputs(), doubt.sampler.factors(), scenarios);
    std::vector<Timing> timings;
    for (unsigned threads = 1; threads <= os::hardware_threads(); threads *= 2) {
        const Time time = median_time([&] { doubt = std::move(*doubt_of(plan, threads)); });
        timings.push_back({threads, time});
        fmt::print(
            "{} thread(s): {:.3f} s, {:.2f} million scenarios/s; {:.3f} s of CPU time, {:.2f} us each\n",
            threads, time.wall, static_cast<double>(scenarios) / time.wall / 1e6, time.cpu,
            time.cpu / static_cast<double>(scenarios) * 1e6);
    }
    const Time drawing = draw_time(doubt.sampler, static_cast<std::uint64_t>(scenarios));
    fmt::print("of which drawing {:.3f} s of CPU time; model and storing the rest\n", drawing.cpu);
    const Time statistics = median_time([&] { doubt.outcomes.band(0); });
    const Band band = doubt.outcomes.band(0);
    fmt::print(
        "five quantiles of one outcome: {:.3f} s of CPU time (day {:.1f}, 5 to 95 %: {:.1f} to {:.1f})\n",
        statistics.cpu, band.p50, band.p05, band.p95);
    fmt::print("peak memory: {:.0f} MiB\n", peak_mib());
    if (model_file.empty()) return {};
    const Json all = {{"model", to_json(plan.fleet.model)},
                      {"results", results_of(doubt, timings, scenarios)},
                      {"checks", checks_of(doubt)}};
    return os::write_file_atomically(model_file, all.dump(1));
}

}  // namespace

int main(int count, char** arguments) {
    const std::string name = count > 1 ? arguments[1] : "existing-fleet";
    std::int64_t scenarios = 1'000'000;
    if (count > 2) {
        const std::string_view text = arguments[2];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), scenarios);
        if (error != std::errc{} || end != text.data() + text.size() || scenarios < 64) {
            fmt::print(stderr, "bench_planner: '{}' scenarios; give 64 or more\n", text);
            return 2;
        }
    }
    const Status status = run(name, scenarios, count > 3 ? arguments[3] : "");
    if (!status) fmt::print(stderr, "bench_planner: {}\n", status.error().message);
    return status ? 0 : exit_status(status.error().code);
}
