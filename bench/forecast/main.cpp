// bench_forecast model|slurm|sites: how good forecasts of starts are, and what they are worth. See README.md.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "bench/forecast/model_centres.hpp"
#include "bench/forecast/report.hpp"
#include "bench/forecast/slurm_centres.hpp"

namespace euromesh::bench {
namespace {

constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;
const std::vector<Policy> all_policies{Policy::round_robin, Policy::shortest_queue, Policy::predicted_start};

struct Options {
    std::uint64_t seed = 1;
    std::int64_t days = 10;
    std::int64_t seconds = 420, warm_s = 100, drain_s = 60, tick_ms = 1000;
    std::int64_t percent = 95, federated = 20, largest = 256;
    std::vector<std::int64_t> nodes{111, 111, 111}, percents{80, 70, 60};
    std::string conf;
    std::vector<std::string> partitions;
};

ExperimentForm model_form(const Options& options) {
    ExperimentForm form;
    form.load = {.seed = options.seed, .largest = options.largest};
    form.until_ms = options.days * 24 * hour;
    form.warm_ms = form.until_ms / 10;
    form.drain_ms = 4 * 24 * hour;
    form.tick_ms = minute;
    form.forecast_every = 4;
    return form;
}

int run_model(const Options& options, bool is_sites) {
    ExperimentForm form = model_form(options);
    form.percents = {options.percent};
    if (is_sites) {
        form.nodes = options.nodes;
        form.percents = options.percents;
        form.policies = all_policies;
        form.federated_percent = options.federated;
        form.forecast_every = 16;
    }
    std::vector<std::int64_t> nodes;
    for (std::size_t i = 0; i < form.policies.size(); ++i)
        nodes.insert(nodes.end(), form.nodes.begin(), form.nodes.end());
    ModelCentres centres(nodes);
    Experiment experiment(form, centres);
    fmt::print("model of schedulers, {} days, {} jobs\n", options.days, experiment.tasks().size());
    if (const Status ran = experiment.run(); !ran) {
        fmt::print(stderr, "bench_forecast: {}\n", ran.error().message);
        return 1;
    }
    print_forecasts(experiment, centres, {static_cast<double>(minute), "min"});
    print_placement(experiment, centres, {static_cast<double>(minute), "min"}, 10 * minute);
    return 0;
}

// An hour of a site's time is a minute here: limits are 1, 2, 3 or 4 minutes.
int run_slurm(const Options& options) {
    ExperimentForm form;
    form.load = {.seed = options.seed, .largest = options.largest, .limit_unit_ms = minute, .limits_most = 4};
    form.until_ms = options.seconds * second;
    form.warm_ms = options.warm_s * second;
    form.drain_ms = options.drain_s * second;
    form.tick_ms = options.tick_ms;
    form.is_one_history = true;
    form.nodes = options.nodes;
    form.percents = options.percents;
    if (options.partitions.size() == 3 * options.nodes.size()) {
        form.policies = all_policies;
        form.federated_percent = options.federated;
    }
    SlurmCentres centres(options.conf, options.partitions, "");
    Experiment experiment(form, centres);
    fmt::print("Slurm, {} s, {} jobs\n", options.seconds, experiment.tasks().size());
    if (const Status ran = experiment.run(); !ran) {
        fmt::print(stderr, "bench_forecast: {}\n", ran.error().message);
        return 1;
    }
    print_forecasts(experiment, centres, {static_cast<double>(second), "s"});
    print_placement(experiment, centres, {static_cast<double>(second), "s"}, 10 * second);
    return 0;
}

int run(int argc, char** argv) {
    Options options;
    CLI::App app("How good forecasts of starts are, and what they are worth");
    app.add_option("--seed", options.seed);
    app.add_option("--days", options.days);
    app.add_option("--percent", options.percent);
    app.add_option("--federated", options.federated);
    app.add_option("--largest", options.largest);
    app.add_option("--nodes", options.nodes)->delimiter(',');
    app.add_option("--percents", options.percents)->delimiter(',');
    app.add_option("--conf", options.conf);
    app.add_option("--partitions", options.partitions)->delimiter(',');
    app.add_option("--seconds", options.seconds);
    app.add_option("--warm", options.warm_s);
    app.add_option("--drain", options.drain_s);
    app.add_option("--tick-ms", options.tick_ms);
    CLI::App* model = app.add_subcommand("model")->fallthrough();
    CLI::App* sites = app.add_subcommand("sites")->fallthrough();
    CLI::App* slurm = app.add_subcommand("slurm")->fallthrough();
    app.require_subcommand(1);
    CLI11_PARSE(app, argc, argv);
    if (slurm->parsed() && (options.nodes.size() != options.percents.size() ||
                            options.partitions.size() % options.nodes.size() != 0)) {
        fmt::print(stderr,
                   "bench_forecast: as many --percents as --nodes, and --partitions for each, or three times "
                   "as many\n");
        return 2;
    }
    if (slurm->parsed()) return run_slurm(options);
    return run_model(options, sites->parsed() && !model->parsed());
}

}  // namespace
}  // namespace euromesh::bench

int main(int argc, char** argv) {
    return euromesh::bench::run(argc, argv);
}
