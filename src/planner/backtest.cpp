#include "planner/backtest.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace euromesh::planner {
namespace {

using facts::Accelerator;
using facts::TrainingRun;

constexpr double seconds_per_hour = 3600;
constexpr double tera = 1e12;

// Cards of one die have the same peak and the same software: their runs say something about one another.
std::string architecture_of(const std::string& accelerator) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> families = {{{"a100", "Ampere"},
                                                                                        {"h100", "Hopper"},
                                                                                        {"h800", "Hopper"},
                                                                                        {"h200", "Hopper"},
                                                                                        {"gh200", "Hopper"}}};
    for (const auto& [prefix, family] : families)
        if (accelerator.rfind(prefix, 0) == 0) return std::string(family);
    return accelerator;
}

// A published run, with what is derived from its row alone.
struct Candidate {
    const TrainingRun* run = nullptr;
    std::string architecture = {};
    std::optional<double> peak = {};   // FLOP/s of one
    std::optional<double> hours = {};  // accelerator hours
    std::optional<double> mfu = {};
    bool trusted = false;  // hours are a measurement that was read
};

std::optional<double> peak_of(const std::string& id, std::span<const Accelerator> accelerators) {
    for (const Accelerator& known : accelerators) {
        if (known.id != id) continue;
        const std::optional<double> tflops =
            known.bf16_dense_tflops ? known.bf16_dense_tflops : known.fp16_dense_tflops;
        if (tflops) return *tflops * tera;
    }
    return std::nullopt;
}

std::optional<double> hours_of(const TrainingRun& run) {
    if (run.accel_hours) return run.accel_hours;
    if (run.accelerator_count && run.duration_days)
        return static_cast<double>(*run.accelerator_count) * *run.duration_days * 24;
    return std::nullopt;
}

bool is_upper_bound(const TrainingRun& run) {
    return run.note.find("upper bound") != std::string::npos;
}

bool is_distributed(const TrainingRun& run) {
    return run.distributed_sites.value_or(1) > 1;
}

Candidate candidate_of(const TrainingRun& run, std::span<const Accelerator> accelerators) {
    Candidate one{.run = &run};
    if (run.accelerator) {
        one.architecture = architecture_of(*run.accelerator);
        one.peak = peak_of(*run.accelerator, accelerators);
    }
    one.hours = hours_of(run);
    if (run.flop && one.peak && one.hours) one.mfu = *run.flop / (*one.peak * *one.hours * seconds_per_hour);
    one.trusted = one.mfu && run.evidence != "recalled" && !is_upper_bound(run);
    return one;
}

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// MFU of all runs on this architecture but this one. Distributed runs say nothing about one cluster.
std::vector<double> others_of(const Candidate& one, const std::vector<Candidate>& all) {
    std::vector<double> mfus;
    for (const Candidate& other : all)
        if (other.run != one.run && other.trusted && other.architecture == one.architecture &&
            !is_distributed(*other.run))
            mfus.push_back(*other.mfu);
    return mfus;
}

std::string why_not(const Candidate& one, std::size_t others) {
    const TrainingRun& run = *one.run;
    if (!run.flop) return "no training compute published";
    if (!run.accelerator) return "accelerator not published";
    if (!one.peak) return "peak of " + *run.accelerator + " unknown";
    if (!one.hours) return "no hours or duration published";
    if (others == 0) return "no other run with hours on " + one.architecture;
    return "";
}

std::string why_not_counted(const TrainingRun& run) {
    if (is_upper_bound(run)) return "its hours are an upper bound";
    if (run.evidence == "recalled") return "its figures are only recalled";
    if (is_distributed(run)) return "distributed: the count is the most at one time";
    return "";
}

// The shape of INTELLECT-1: arXiv 2412.01152, table 2 and appendix.
constexpr double intellect_compute_s = 38 * 60;
constexpr double intellect_steps = 100;

// Utilisation of an exchange on the line that was told, or that took as long as was told.
struct Published {
    const char* name;
    const char* run_id;
    double parameters, sites, inner_steps, compute_s;
    const char* codec;
    Topology topology;
    std::optional<double> line_bytes_per_s, exchange_s;
    double reported;
    const char* note;
    facts::Source source;
};

double utilisation_of(const Published& run, double line, double& exchange_s) {
    const RunShape shape = {.parameters = run.parameters,
                            .active_parameters = run.parameters,
                            .batch_tokens = 1e6,
                            .inner_steps = run.inner_steps,
                            .payload_bytes_per_parameter = payload_of(run.codec).value(),
                            .topology = run.topology};
    const double flop_per_s = 6 * run.parameters * 1e6 * run.inner_steps / run.compute_s;
    const Efficiency found = efficiency_of(shape, {.wan_bytes_per_s = line}, run.sites, flop_per_s);
    exchange_s = found.exchange_s;
    return found.utilisation;
}

double implied_line(const Published& run) {
    const double payload = run.parameters * payload_of(run.codec).value();
    return bytes_on_busiest_line(run.topology, payload, run.sites) / *run.exchange_s;
}

ExchangeBacktest check(const Published& run) {
    ExchangeBacktest result = {.name = run.name,
                               .run_id = run.run_id,
                               .given = run.line_bytes_per_s ? "line" : "exchange time",
                               .reported = run.reported,
                               .source = run.source,
                               .note = run.note};
    const double line = run.line_bytes_per_s ? *run.line_bytes_per_s : implied_line(run);
    result.predicted = utilisation_of(run, line, result.predicted_exchange_s);
    result.reported_exchange_s = run.compute_s * (1 / run.reported - 1);
    return result;
}

const facts::Source intellect_source = {"INTELLECT-1 technical report, table 2",
                                        "https://arxiv.org/abs/2412.01152", "2024-12", facts::Grade::b};
const facts::Source covenant_source = {"Covenant-72B, section 4.3", "https://arxiv.org/abs/2603.08163",
                                       "2026-03", facts::Grade::b};
constexpr double megabit = 1e6 / 8;
constexpr const char* fetched = "each peer fetches all others' at 500 Mbit/s down";

std::vector<ExchangeBacktest> check_exchanges() {
    const auto intellect = [](const char* name, const char* run_id, double exchange_s, double reported) {
        return Published{name,
                         run_id,
                         10e9,
                         14,
                         intellect_steps,
                         intellect_compute_s,
                         "int8",
                         Topology::ring,
                         std::nullopt,
                         exchange_s,
                         reported,
                         "",
                         intellect_source};
    };
    const std::vector<Published> published = {
        intellect("INTELLECT-1, USA", "", 103, 0.957),
        intellect("INTELLECT-1, USA and Europe", "", 382, 0.856),
        intellect("INTELLECT-1, global", "intellect-1", 469, 0.830),
        {"SparseLoCo 8B", "", 8e9, 15, 30, 4.5 * 60, "topk", Topology::all_to_all, 500 * megabit,
         std::nullopt, 0.957, fetched, covenant_source},
        {"Covenant-72B", "covenant-72b", 72.7e9, 16.9, 30, 20 * 60, "topk", Topology::all_to_all,
         500 * megabit, std::nullopt, 0.945, fetched, covenant_source}};
    std::vector<ExchangeBacktest> results;
    for (const Published& run : published) results.push_back(check(run));
    return results;
}

std::optional<double> utilisation_for(const TrainingRun& run,
                                      const std::vector<ExchangeBacktest>& exchanges) {
    for (const ExchangeBacktest& one : exchanges)
        if (one.run_id == run.id) return one.predicted;
    return std::nullopt;
}

RunBacktest predict(const Candidate& one, const std::vector<Candidate>& all,
                    const std::vector<ExchangeBacktest>& exchanges) {
    const TrainingRun& run = *one.run;
    RunBacktest result = {.id = run.id,
                          .model = run.model,
                          .accelerator = run.accelerator.value_or(""),
                          .source = run.source,
                          .reported_hours = one.hours,
                          .reported_days = run.duration_days,
                          .own_mfu = one.mfu,
                          .utilisation = utilisation_for(run, exchanges)};
    const std::vector<double> mfus = others_of(one, all);
    result.others = mfus.size();
    result.reason = why_not(one, mfus.size());
    if (!result.reason.empty()) return result;
    const auto [worst, best] = std::minmax_element(mfus.begin(), mfus.end());
    const double useful = result.utilisation.value_or(1);
    const auto hours_at = [&](double mfu) {
        return *run.flop / (*one.peak * mfu * useful * seconds_per_hour);
    };
    result.mfu = median_of(mfus);
    result.hours = Prediction{hours_at(result.mfu), hours_at(*best), hours_at(*worst)};
    if (run.accelerator_count)
        result.predicted_days = result.hours->central / static_cast<double>(*run.accelerator_count) / 24;
    result.reason = why_not_counted(run);
    result.counted = result.reason.empty();
    return result;
}

void add_totals(Backtest& result) {
    std::vector<double> ratios, errors;
    std::size_t covered = 0;
    for (const RunBacktest& run : result.runs) {
        if (!run.counted) continue;
        const double ratio = run.hours_ratio();
        ratios.push_back(ratio);
        errors.push_back(std::abs(ratio - 1));
        covered += run.covered() ? 1 : 0;
        if (result.worst_ratio == 0 || std::abs(std::log(ratio)) > std::abs(std::log(result.worst_ratio)))
            result.worst_ratio = ratio;
    }
    result.counted = ratios.size();
    if (ratios.empty()) return;
    result.median_ratio = median_of(ratios);
    result.median_absolute_error = median_of(errors);
    result.covered = static_cast<double>(covered) / static_cast<double>(ratios.size());
}

}  // namespace

Backtest backtest(std::span<const TrainingRun> runs, std::span<const Accelerator> accelerators) {
    std::vector<Candidate> all;
    for (const TrainingRun& run : runs) all.push_back(candidate_of(run, accelerators));
    Backtest result{.exchanges = check_exchanges()};
    for (const Candidate& one : all) result.runs.push_back(predict(one, all, result.exchanges));
    std::stable_partition(result.runs.begin(), result.runs.end(),
                          [](const RunBacktest& run) { return run.hours.has_value(); });
    add_totals(result);
    return result;
}

namespace {

Json known(const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json source_json(const facts::Source& source) {
    return {{"name", source.name}, {"url", source.url}, {"grade", facts::name_of(source.grade)}};
}

Json to_json(const RunBacktest& run) {
    Json row = {{"id", run.id},
                {"model", run.model},
                {"accelerator", run.accelerator},
                {"reported_hours", known(run.reported_hours)},
                {"reported_days", known(run.reported_days)},
                {"own_mfu", known(run.own_mfu)},
                {"others", run.others},
                {"source", source_json(run.source)}};
    if (!run.reason.empty()) row["reason"] = run.reason;
    if (!run.hours) return row;
    row.update({{"mfu", run.mfu},
                {"utilisation", known(run.utilisation)},
                {"predicted_hours", run.hours->central},
                {"low_hours", run.hours->low},
                {"high_hours", run.hours->high},
                {"predicted_days", known(run.predicted_days)},
                {"ratio", run.hours_ratio()},
                {"covered", run.covered()},
                {"counted", run.counted}});
    return row;
}

}  // namespace

Json to_json(const Backtest& backtest) {
    Json runs = Json::array(), exchanges = Json::array();
    for (const RunBacktest& run : backtest.runs) runs.push_back(to_json(run));
    for (const ExchangeBacktest& one : backtest.exchanges)
        exchanges.push_back({{"name", one.name},
                             {"given", one.given},
                             {"reported_utilisation", one.reported},
                             {"predicted_utilisation", one.predicted},
                             {"reported_exchange_s", one.reported_exchange_s},
                             {"predicted_exchange_s", one.predicted_exchange_s},
                             {"note", one.note},
                             {"source", source_json(one.source)}});
    return {{"format", "euromesh-backtest/1"},
            {"counted", backtest.counted},
            {"median_ratio", backtest.median_ratio},
            {"median_absolute_error", backtest.median_absolute_error},
            {"worst_ratio", backtest.worst_ratio},
            {"covered", backtest.covered},
            {"runs", runs},
            {"exchanges", exchanges}};
}

}  // namespace euromesh::planner
