// bench_harvest: what a harvest makes of idle nodes of a real Slurm, and what it costs others. See README.md.
//
// The same load on the same cluster: without harvest, with it, and without it again, so that what the harvest
// changes can be told from what two runs differ in anyway.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>

#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "bench/forecast/report.hpp"
#include "bench/forecast/slurm_centres.hpp"
#include "federation/batch/harvest_reconciler.hpp"
#include "federation/batch/slurm_batch.hpp"

namespace euromesh::bench {
namespace {

using namespace euromesh::federation;

constexpr std::int64_t second = 1000, minute = 60 * second;

struct Options {
    std::uint64_t seed = 1;
    std::int64_t nodes = 1000, percent = 80, largest = 256, seconds = 240, warm_s = 30, per_link = 5;
    std::string conf, partition = "batch", preemptible = "spare", folder;
    int phases = 3;
    bool drives = false;
};

struct Phase {
    std::vector<JobTimes> times{};
    std::int64_t idle_ms = 0, harvested_ms = 0;  // node-milliseconds
};

// What the load's jobs leave of the nodes.
std::int64_t idle_of(const Experiment& experiment, const Centres& centres, const Options& options) {
    const std::int64_t from = options.warm_s * second, until = options.seconds * second;
    std::int64_t used = 0;
    for (std::size_t id = 0; id < centres.times().size(); ++id) {
        const JobTimes& times = centres.times()[id];
        if (times.started_ms < 0) continue;
        const std::int64_t end = times.ended_ms < 0 ? until : std::min(until, times.ended_ms);
        used += std::max<std::int64_t>(0, end - std::max(from, times.started_ms)) *
                experiment.tasks()[id].job.nodes;
    }
    return options.nodes * (until - from) - used;
}

class Harvest {
  public:
    explicit Harvest(const Options& options)
        : commands_({.environment = {{"SLURM_CONF", options.conf}}}),
          windows_(commands_, {options.partition, options.preemptible}) {
        policy_ = {.nodes_per_link = options.per_link,
                   .links_most = options.nodes / options.per_link,
                   .least_ms = 10 * second,
                   .longest_ms = 4 * minute,
                   .leave_ms = 3 * second};
        form_ = {
            .marker = "harvest", .executable = "sleep", .arguments = {"3600"}, .queue = options.preemptible};
    }
    Status open(const Options& options) {
        SlurmCommandsOptions commands{.environment = {{"SLURM_CONF", options.conf}}};
        SlurmBatchOptions batch{.root = os::Path(options.folder), .grace_ms = 1000, .look_ms = 500};
        EM_ASSIGN(batch_,
                  SlurmBatch::open(batch, std::make_unique<SlurmCommands>(std::move(commands)), clock_));
        links_ = std::make_unique<HarvestReconciler>(*batch_, windows_, policy_, form_, clock_);
        return {};
    }
    void step() {
        if (const Status done = links_->step(); !done)
            fmt::print(stderr, "harvest: {}\n", done.error().message);
    }
    void wind_up() {
        for (int tries = 0; tries < 300 && links_->wind_up().value_or(1) > 0; ++tries)
            os::wait_ready({}, std::chrono::milliseconds(200));
    }
    const HarvestTally& tally() const { return links_->tally(); }

  private:
    os::SystemClock clock_;
    SlurmCommands commands_;
    SlurmIdleWindows windows_;
    HarvestPolicy policy_;
    JobStart form_;
    std::unique_ptr<SlurmBatch> batch_{};
    std::unique_ptr<HarvestReconciler> links_{};
};

// The harvest is a process of its own: it does not hold up the load.
int drive(const Options& options) {
    Harvest harvest(options);
    if (const Status opened = harvest.open(options); !opened) {
        fmt::print(stderr, "bench_harvest: {}\n", opened.error().message);
        return 1;
    }
    const os::SystemClock clock;
    const Nanoseconds end = clock.monotonic() + std::chrono::seconds(options.seconds);
    while (clock.monotonic() < end) {
        harvest.step();
        os::wait_ready({}, std::chrono::milliseconds(700));
    }
    harvest.wind_up();
    const HarvestTally& tally = harvest.tally();
    fmt::print("harvest: {} links, {} told to leave, {} taken by the scheduler, {} over\n", tally.begun,
               tally.told_to_leave, tally.taken, tally.over);
    return 0;
}

Result<std::size_t> start_driver(os::Children& children, const Options& options) {
    return children.start(
        {os::own_program().string(), "--drive", "--conf", options.conf, "--folder", options.folder, "--nodes",
         std::to_string(options.nodes), "--seconds", std::to_string(options.seconds), "--nodes-per-link",
         std::to_string(options.per_link)},
        os::Path(options.folder + ".errors"));
}

ExperimentForm form_of(const Options& options) {
    ExperimentForm form;
    form.load = {.seed = options.seed, .largest = options.largest, .limit_unit_ms = minute, .limits_most = 4};
    form.nodes = {options.nodes};
    form.percents = {options.percent};
    form.until_ms = options.seconds * second;
    form.warm_ms = options.warm_s * second;
    form.drain_ms = 60 * second;
    form.tick_ms = second;
    return form;
}

// Nothing of one phase runs on in the next.
Status clear(const SlurmCentres& centres, const Options& options) {
    (void)centres.commands().ask({"scancel", "--partition=" + options.partition});
    for (int tries = 0; tries < 600; ++tries) {
        EM_ASSIGN(const std::string left, centres.commands().ask({"squeue", "--noheader", "--format=%i"}));
        if (left.empty()) break;
        os::wait_ready({}, std::chrono::milliseconds(200));
    }
    os::wait_ready({}, std::chrono::seconds(2));  // submission times have whole seconds
    return {};
}

double percent_of(std::int64_t part, std::int64_t whole) {
    return 100.0 * static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(1, whole));
}

Result<Phase> run_phase(const Options& options, bool with_harvest) {
    SlurmCentres centres(options.conf, {options.partition}, options.preemptible);
    Experiment experiment(form_of(options), centres);
    os::Children driver;
    if (with_harvest) EM_TRY(start_driver(driver, options));
    EM_TRY(experiment.run());
    while (driver.any_left())
        for (const os::ChildEvent& event : driver.poll(std::chrono::milliseconds(100)))
            if (!event.line.empty()) fmt::print("\n{}", event.line);
    EM_TRY(centres.look());
    const std::int64_t from = options.warm_s * second, until = options.seconds * second;
    const Phase phase{.times = centres.times(),
                      .idle_ms = idle_of(experiment, centres, options),
                      .harvested_ms = centres.harvested_ms(from, until)};
    fmt::print("\n{}: {} jobs used {:.1f} % of the node-time; of {:.0f} idle node-minutes harvested {:.1f} %",
               with_harvest ? "with harvest" : "without", experiment.tasks().size(),
               100 - percent_of(phase.idle_ms, options.nodes * (until - from)),
               static_cast<double>(phase.idle_ms) / minute, percent_of(phase.harvested_ms, phase.idle_ms));
    print_forecasts(experiment, centres, {});
    print_placement(experiment, centres, {}, 10 * second);
    (void)std::fflush(stdout);
    EM_TRY(clear(centres, options));
    return phase;
}

void compare(const char* what, const Phase& a, const Phase& b) {
    std::vector<std::int64_t> later;
    std::int64_t sum = 0;
    for (std::size_t id = 0; id < std::min(a.times.size(), b.times.size()); ++id) {
        const JobTimes &x = a.times[id], &y = b.times[id];
        if (x.started_ms < 0 || y.started_ms < 0) continue;
        later.push_back((y.started_ms - y.submitted_ms) - (x.started_ms - x.submitted_ms));
        sum += later.back();
    }
    if (later.empty()) return;
    std::sort(later.begin(), later.end());
    const auto over = [&](std::int64_t ms) {
        return std::count_if(later.begin(), later.end(), [&](auto by) { return by > ms; });
    };
    const auto under = [&](std::int64_t ms) {
        return std::count_if(later.begin(), later.end(), [&](auto by) { return by < -ms; });
    };
    fmt::print(
        "{}: {} jobs wait {:+.2f} s longer in the mean; quartiles {:+.0f} {:+.0f} {:+.0f} s; more than 3 s "
        "later {}, earlier {}; 10 s {}, {}\n",
        what, later.size(), static_cast<double>(sum) / static_cast<double>(later.size()) / 1000,
        static_cast<double>(later[later.size() / 4]) / 1000,
        static_cast<double>(later[later.size() / 2]) / 1000,
        static_cast<double>(later[later.size() * 3 / 4]) / 1000, over(3000), under(3000), over(10'000),
        under(10'000));
}

Status run_all(const Options& options) {
    EM_ASSIGN(const Phase without, run_phase(options, false));
    EM_ASSIGN(const Phase with, run_phase(options, true));
    fmt::print("\n");
    compare("with against without", without, with);
    if (options.phases < 3) return {};
    EM_ASSIGN(const Phase again, run_phase(options, false));
    fmt::print("\n");
    compare("without, again", without, again);
    compare("with against the second without", again, with);
    return {};
}

int run(int argc, char** argv) {
    Options options;
    CLI::App app("What a harvest makes of idle nodes, and what it costs others");
    app.add_option("--conf", options.conf)->required();
    app.add_option("--folder", options.folder, "of the links")->required();
    app.add_option("--seed", options.seed);
    app.add_option("--nodes", options.nodes);
    app.add_option("--percent", options.percent);
    app.add_option("--largest", options.largest);
    app.add_option("--seconds", options.seconds);
    app.add_option("--warm", options.warm_s);
    app.add_option("--nodes-per-link", options.per_link);
    app.add_option("--phases", options.phases);
    app.add_flag("--drive", options.drives, "only the links, on a cluster that somebody else loads");
    CLI11_PARSE(app, argc, argv);
    if (options.drives) return drive(options);
    const Status ran = run_all(options);
    if (ran) return 0;
    fmt::print(stderr, "bench_harvest: {}\n", ran.error().message);
    return 1;
}

}  // namespace
}  // namespace euromesh::bench

int main(int argc, char** argv) {
    return euromesh::bench::run(argc, argv);
}
