#include <cmath>
#include <csignal>
#include <memory>

#include "apps/check_manifests.hpp"
#include "apps/command.hpp"
#include "apps/launch.hpp"
#include "apps/progress_file.hpp"
#include "apps/report.hpp"
#include "apps/run_folder.hpp"
#include "apps/site_leave.hpp"
#include "apps/site_run.hpp"
#include "apps/solo_run.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "base/os/terminal.hpp"
#include "contract/measured.hpp"
#include "contract/run_placement.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;
using contract::Teller;

// EX_TEMPFAIL: start it again, and it goes on (docs/cli.md).
constexpr int status_go_on = 75;
// For how long an allocation waits for room on a full disk, and for how much.
constexpr Nanoseconds room_wait = std::chrono::minutes(10);
constexpr std::size_t room_bytes = 4u << 20;

struct TrainArguments {
    std::filesystem::path run_file;
    std::string site;
    std::filesystem::path placement;
    std::string alone;
    bool data_parallel = false;
    bool baseline = false;
    bool resume = false;
    bool fresh = false;
    bool json = false;
    std::string addresses;
    std::string device = "cpu";
    int threads = 0;
    std::int64_t steps = 0;
    double minutes = 0;
    int restarts = 1;
    std::filesystem::path measure;
    std::vector<std::filesystem::path> manifests;
};

int threads_of(const TrainArguments& arguments, const RunSpec& spec) {
    if (arguments.threads > 0) return arguments.threads;
    const bool whole_machine = !arguments.site.empty();
    const int processes = whole_machine ? 1 : static_cast<int>(spec.sites.size());
    return std::max(1, os::usable_cores() / processes);
}

// Steps so that the whole job, comparison included, takes about this long on this machine: the rate of one
// process is measured first. All processes together use all cores; what they do in all is counted in tokens.
Result<std::int64_t> steps_for(double minutes, const RunSpec& spec, const LaunchOptions& options,
                               const Clock& clock) {
    EM_ASSIGN(const trainer::Device device, parse_device(options.device));
    EM_ASSIGN(const double rate, measure_rate(spec, {device, options.threads}, clock, 2.0));
    const double sites = static_cast<double>(spec.sites.size());
    const double share_of_cores = std::max(1.0, os::usable_cores() / static_cast<double>(options.threads));
    const double passes = options.baseline ? 3.0 : 1.0;  // federated; each alone; data parallel
    constexpr double room_for_evaluation = 0.85;
    const double tokens = minutes * 60 * rate * std::min(share_of_cores, sites) * room_for_evaluation;
    const double per_step = static_cast<double>(spec.inner.batch * spec.model.context) * sites * passes;
    return std::max<std::int64_t>(spec.outer.inner_steps, std::llround(tokens / per_step));
}

// Told before a long run rather than after it.
Status check_measure_file(const TrainArguments& arguments, bool one_process) {
    if (arguments.measure.empty()) return {};
    if (one_process)
        return fail(Code::bad_input,
                    "--measure needs all sites' events: use it without --site, --alone, "
                    "--data-parallel");
    const std::filesystem::path folder = std::filesystem::absolute(arguments.measure).parent_path();
    if (std::filesystem::is_directory(folder)) return {};
    return fail(Code::not_found, "--measure {}: there is no folder {}", arguments.measure.string(),
                folder.string());
}

Status write_measure_file(const RunSpec& spec, const TrainArguments& arguments, const Clock& clock) {
    if (arguments.measure.empty()) return {};
    EM_ASSIGN(const contract::RunRecord record, collect_record(spec));
    EM_ASSIGN(const contract::Measured measured,
              contract::measured_from_report(record.document(), EUROMESH_VERSION, iso8601_utc(clock.wall())));
    return contract::write_measured(arguments.measure, measured);
}

Status train_here(RunSpec spec, const TrainArguments& arguments, Context& context) {
    LaunchOptions options;
    options.run_file = arguments.run_file;
    options.device = arguments.device;
    options.threads = threads_of(arguments, spec);
    options.baseline = arguments.baseline;
    options.resume = arguments.resume;
    options.json = arguments.json;
    options.restarts = arguments.restarts;
    const bool begins = arguments.fresh || !std::filesystem::exists(spec.folder / "run.json");
    if (arguments.minutes > 0 && begins) {
        EM_ASSIGN(spec.steps, steps_for(arguments.minutes, spec, options, context.clock));
    }
    EM_TRY(claim_run_folder(spec, arguments.run_file, arguments.resume, arguments.fresh));
    EM_TRY(launch(spec, options, context));
    return write_measure_file(spec, arguments, context.clock);
}

Status train_one(const RunSpec& spec, const TrainArguments& arguments, Context& context) {
    EventTeller teller(arguments.json);
    ProcessOptions process;
    EM_ASSIGN(process.device, parse_device(arguments.device));
    process.threads = threads_of(arguments, spec);
    const auto keep = [&](const Teller& who) { return teller.keep_in(event_file(spec, file_name_of(who))); };
    if (arguments.data_parallel) {
        EM_TRY(keep({Teller::Kind::data_parallel, ""}));
        return train_data_parallel(spec, process, context.clock, teller);
    }
    const bool alone = !arguments.alone.empty();
    const std::string& site = alone ? arguments.alone : arguments.site;
    EM_ASSIGN(const std::size_t rank, spec.rank_of(site));
    EM_TRY(keep({alone ? Teller::Kind::alone : Teller::Kind::federated, site}));
    EM_ASSIGN(const std::shared_ptr<ProgressFile> progress, progress_file_of(spec, site));
    if (progress) teller.watch([progress](const Json& event) { progress->take(event); });
    if (alone) return train_alone(spec, rank, process, context.clock, teller);
    return train_site(spec, rank, {process, arguments.addresses, arguments.resume}, context.clock,
                      context.log, teller);
}

Result<RunSpec> load_spec(const TrainArguments& arguments) {
    if (arguments.placement.empty()) return contract::load_run_spec(arguments.run_file);
    if (arguments.site.empty()) return fail(Code::bad_input, "--placement needs --site: it is one site's");
    EM_ASSIGN(const std::string text, os::read_file(arguments.run_file, 1u << 20));
    EM_ASSIGN(const std::string placed,
              os::read_file(arguments.placement, contract::run_placement_max_bytes));
    EM_ASSIGN(const contract::RunPlacement placement, contract::parse_run_placement(placed));
    if (placement.self != arguments.site)
        return fail(Code::bad_input, "{}: is of site {}, not of {}", arguments.placement.string(),
                    placement.self, arguments.site);
    return contract::placed_run_spec(text, placement);
}

// The next allocation would find the disk as full, and one that ends at once counts against its claim.
void wait_for_room(const os::Path& folder, const Clock& clock) {
    const std::string some(room_bytes, '\n');
    const os::Path file = folder / "room";
    const Nanoseconds limit = clock.monotonic() + room_wait;
    while (!os::stop_requested() && clock.monotonic() < limit) {
        const Status written = os::write_file_atomically(file, some);
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
        if (written || written.error().code != Code::no_space) return;
        os::wait_ready({}, std::chrono::milliseconds(500));
    }
}

Status train(const TrainArguments& arguments, Context& context) {
    if (!arguments.manifests.empty()) return check_manifest_files(arguments.manifests, arguments.json);
    if (arguments.run_file.empty())
        return fail(Code::bad_input, "train needs a run file (see 'euromesh train --help')");
    EM_ASSIGN(RunSpec spec, load_spec(arguments));
    if (arguments.steps > 0) spec.steps = arguments.steps;
    const bool one_process = !arguments.site.empty() || !arguments.alone.empty() || arguments.data_parallel;
    EM_TRY(check_measure_file(arguments, one_process));
    os::watch_for_stop();
    if (!one_process) return train_here(std::move(spec), arguments, context);
    const Status trained = train_one(spec, arguments, context);
    const bool waits = !trained && trained.error().code == Code::no_space && allocation_number() > 0;
    if (waits) wait_for_room(spec.folder, context.clock);
    return trained;
}

void declare(CLI::App& command, TrainArguments& to) {
    command.add_option("run-file", to.run_file, "what to train, where: a TOML file (docs/run-file.md)");
    command.add_option("--site", to.site, "run only this site's process: the same file on each machine");
    command.add_option("--placement", to.placement,
                       "where a federated run takes place, as a site's agent has written it");
    command.add_flag("--baseline", to.baseline,
                     "afterwards, train each site alone and data-parallel, and compare");
    command.add_flag("--resume", to.resume,
                     "go on from the newest checkpoint of any site; what is done is skipped");
    command.add_flag("--fresh", to.fresh, "remove what an earlier run left in the folder (keys stay)");
    command
        .add_option("--minutes", to.minutes,
                    "choose the number of steps so that all takes about this long here")
        ->check(CLI::Range(0.05, 100000.0));
    command.add_option("--steps", to.steps, "inner steps of each site, in place of the run file's")
        ->check(CLI::Range(1, 100000000));
    command.add_option("--addresses", to.addresses, "NAME=HOST:PORT,... in place of the run file's");
    command.add_option("--device", to.device, "cpu, torch-cpu or cuda (default cpu)");
    command
        .add_option("--threads", to.threads, "of one process (default: all cores shared among local sites)")
        ->check(CLI::Range(1, 1024));
    command
        .add_option("--restarts", to.restarts, "start a killed site's process again this often (default 1)")
        ->check(CLI::Range(0, 1000));
    command.add_option("--measure", to.measure,
                       "afterwards, write what the run measured to this file, for 'euromesh plan'");
    command.add_option("--alone", to.alone, "train this site's model alone, for comparison");
    command.add_flag("--data-parallel", to.data_parallel, "train on all texts together, for comparison");
    command.add_option("--check-manifests", to.manifests,
                       "recompute the chain of manifest files; nothing is trained");
    command.add_flag("--json", to.json, "one JSON event a line on standard output (docs/cli.md)");
    command.footer(
        "Examples:\n"
        "  euromesh train examples/three-sites/run.toml --baseline     all sites here, as processes\n"
        "  euromesh train run.toml --site leonardo                     one site, on its own machine\n"
        "  euromesh train --check-manifests runs/three-sites/sites/*/manifests.jsonl");
}

// Told to leave before its time was over; or in an allocation of a chain, where what is missing now (the
// others, room on a disk) may be there in the next one.
bool goes_on_later(const Error& error) {
    const bool may_come = error.code == Code::unavailable || error.code == Code::no_space;
    return (error.code == Code::cancelled && os::stop_signal() == SIGTERM) ||
           (may_come && allocation_number() > 0);
}

}  // namespace

void add_train(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<TrainArguments>();
    CLI::App* command = root.add_subcommand("train", "train one model across sites");
    declare(*command, *arguments);
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] {
            const Status status = train(*arguments, context);
            if (!status && goes_on_later(status.error())) context.exit_status = status_go_on;
            return status;
        };
    });
}

}  // namespace euromesh::apps
