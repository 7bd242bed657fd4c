// bench_kills [--seed N] [--kills N] [--jobs N] [--sites N] [--coordinators N] [--postgres]: a federation of
// real processes under load, killed at random moments and started again; then everything is counted.
//
// Status 0: nothing broke. 1: what broke is named, with its seed, and its folder is kept. 77: what it needs
// is not installed.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/os/folder.hpp"
#include "base/os/socket.hpp"
#include "base/os/system_clock.hpp"
#include "base/random.hpp"
#include "bench/kills/checks.hpp"
#include "federation/ledger/tree_head.hpp"
#include "federation/store/log_store.hpp"

namespace euromesh::kills {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Options {
    std::uint64_t seed = 1;
    int kills = 200, jobs = 500, sites = 3, coordinators = 1;
    bool postgres = false, keep = false;
    std::string folder;
};

class Chaos {
  public:
    Chaos(const Options& options, const Clock& clock, const Logger& logger)
        : options_(options),
          clock_(clock),
          logger_(logger),
          random_(options.seed),
          began_(clock.monotonic()) {}

    // What broke.
    Result<Broken> run();

  private:
    void say(const std::string& what) const;
    Status start();
    void kill_all_planned();
    void strike();
    void kill(std::size_t which);
    void kill_a_shepherd();
    Status start_what_is_due();
    void pass(milliseconds time);
    Status calm_down();
    std::string what_goes_on();
    Status end_all();
    Result<Broken> check();
    Result<Broken> check_ledger(Trace& trace);
    Result<int> call(std::vector<std::string> arguments, const std::string& name);

    const Options& options_;
    const Clock& clock_;
    const Logger& logger_;
    Random random_;
    const Nanoseconds began_;
    os::Path folder_, programs_;
    std::unique_ptr<FederationProcesses> federation_;
    std::unique_ptr<Load> load_;
    std::map<std::size_t, Nanoseconds> due_;  // processes to be started again, and when
    std::map<std::string, int> killed_;
    int kills_ = 0;
    std::map<std::string, Json> shown_;
    Json allocations_;
    Broken broken_;
};

Status Chaos::start() {
    folder_ = options_.folder.empty()
                  ? std::filesystem::temp_directory_path() / fmt::format("em-kills-{}", os::own_process_id())
                  : std::filesystem::absolute(options_.folder);
    programs_ = os::own_program().parent_path();
    EM_TRY(os::make_folders(folder_));
    FederationOptions wanted;
    wanted.folder = folder_;
    wanted.programs = programs_;
    wanted.seed = options_.seed;
    wanted.sites = options_.sites;
    wanted.coordinators = options_.coordinators;
    wanted.postgres = options_.postgres || options_.coordinators > 1;
    EM_ASSIGN(federation_, FederationProcesses::make(wanted, clock_, logger_));
    load_ =
        std::make_unique<Load>(plan_jobs(options_.seed, options_.jobs, options_.sites, folder_ / "runs.txt"),
                               *federation_, clock_, 3);
    return {};
}

void Chaos::say(const std::string& what) const {
    const auto since = std::chrono::duration_cast<seconds>(clock_.monotonic() - began_);
    std::printf("%4lld s  %s\n", static_cast<long long>(since.count()), what.c_str());
    std::fflush(stdout);
}

// Neither the data base, nor who has called this program with the folder's name.
bool is_ours(const FoundProcess& process) {
    return process.command.find("postgres") == std::string::npos &&
           process.command.find("bench_kills") == std::string::npos;
}

// Waits, and starts meanwhile what is to be started again.
void Chaos::pass(milliseconds time) {
    const Nanoseconds end = clock_.monotonic() + time;
    do {
        const Status started = start_what_is_due();
        if (!started) broken_.push_back(started.error().message);
        federation_->processes().poll(milliseconds(5));
    } while (clock_.monotonic() < end);
}

Status Chaos::start_what_is_due() {
    ProcessSet& processes = federation_->processes();
    for (const auto* group : {&federation_->coordinators(), &federation_->agents()}) {
        for (const std::size_t one : *group) {
            if (processes.runs(one)) continue;
            const auto due = due_.find(one);
            if (due != due_.end() && clock_.monotonic() < due->second) continue;
            due_.erase(one);
            EM_TRY(processes.start(one));
        }
    }
    return {};
}

// Away for nothing, for a moment, or for seconds.
void Chaos::kill(std::size_t which) {
    ProcessSet& processes = federation_->processes();
    const std::uint64_t kind = random_.below(20);
    const std::uint64_t away_ms = kind < 8 ? 0 : kind < 19 ? random_.below(800) : 2500;
    due_[which] = clock_.monotonic() + milliseconds(static_cast<std::int64_t>(away_ms));
    if (!processes.runs(which)) return;
    processes.end(which, SIGKILL);
    const std::string name = processes.name(which);
    ++killed_[name.substr(0, name.rfind('-'))];
    ++kills_;
}

void Chaos::kill_a_shepherd() {
    std::vector<int> found;
    for (const FoundProcess& process : find_processes(folder_.string()))
        if (process.command.find("/euromesh-shepherd ") != std::string::npos) found.push_back(process.pid);
    if (found.empty()) return;
    ++killed_["shepherd"];
    ++kills_;
    ::kill(found[random_.below(found.size())], SIGKILL);
}

void Chaos::strike() {
    const auto any = [&](const std::vector<std::size_t>& group) {
        return group[random_.below(group.size())];
    };
    const std::uint64_t what = random_.below(100);
    if (what < 40) {
        kill(any(federation_->coordinators()));
    } else if (what < 80) {
        kill(any(federation_->agents()));
    } else if (what < 92) {
        kill(any(federation_->coordinators()));
        kill(any(federation_->agents()));
    } else if (what < 96) {
        for (const std::size_t one : federation_->coordinators()) kill(one);
        for (const std::size_t one : federation_->agents()) kill(one);
    } else {
        kill_a_shepherd();
        if (random_.below(2) == 0) kill(any(federation_->agents()));
    }
}

void Chaos::kill_all_planned() {
    int told = 0;
    while (kills_ < options_.kills) {
        load_->allow(options_.jobs * (kills_ + 1) / options_.kills);
        // One in four hits what is just starting.
        const std::uint64_t most_ms = random_.below(4) == 0 ? 60 : 900;
        pass(milliseconds(static_cast<std::int64_t>(random_.below(most_ms))));
        strike();
        if (kills_ < told + 20) continue;
        told = kills_;
        say(fmt::format("{} kills, {} jobs submitted", kills_, load_->jobs().size()));
    }
    load_->allow(options_.jobs);
}

// All is over, the sites have forgotten what is over, and the newest head has every site's countersignature.
// Empty: so it is; else what it waits for.
std::string Chaos::what_goes_on() {
    const Status started = start_what_is_due();
    if (!started) return started.error().message;
    if (!due_.empty() || !load_->is_over()) return "open jobs";
    const auto sites = federation_->get("/v1/sites");
    const auto heads = federation_->get("/v1/ledger/heads");
    if (!sites || !heads || heads->value("heads", Json::array()).empty()) return "no coordinator answers";
    for (const Json& site : (*sites)["sites"])
        if (site.value("open_claims", 1) != 0) return "a site has open claims: " + site.value("id", "");
    for (const std::string& site : federation_->site_names()) {
        const auto jobs = os::list_files(federation_->site_folder(site) / "jobs", "start", 1000);
        if (!jobs || !jobs->empty()) return "a site has not forgotten its jobs: " + site;
    }
    const auto head = federation::decode_signed_head((*heads)["heads"].back().get<std::string>());
    const std::uint64_t durable = heads->value("durable", std::uint64_t{0});
    if (!head || head->head.size != durable) return "the newest head does not cover the log";
    const auto signatures = static_cast<int>(head->countersignatures.size());
    return signatures == options_.sites ? "" : fmt::format("{} sites have countersigned", signatures);
}

Status Chaos::calm_down() {
    std::string waits_for;
    const Status quiet = federation_->wait_until("the end of all work", seconds(120), [&] {
        std::string now = what_goes_on();
        if (now != waits_for && !now.empty()) say(now);
        waits_for = std::move(now);
        return waits_for.empty();
    });
    if (!quiet)
        return fail(Code::unavailable, "{}: {}; {}", quiet.error().message, waits_for, load_->open_jobs());
    load_->stop();
    for (const SubmittedJob& job : load_->jobs()) {
        EM_ASSIGN(shown_[job.id], federation_->get("/v1/jobs/" + job.id));
    }
    EM_ASSIGN(const Json allocations, federation_->get("/v1/allocations"));
    allocations_ = allocations.value("allocations", Json::array());
    return {};
}

Status Chaos::end_all() {
    ProcessSet& processes = federation_->processes();
    for (const auto& group : {federation_->agents(), federation_->coordinators()}) {
        for (const std::size_t one : group) processes.end(one, SIGTERM);
        for (const std::size_t one : group) {
            EM_TRY(federation_->wait_until("the end of " + processes.name(one), seconds(30),
                                           [&] { return !processes.runs(one); }));
            if (processes.exit_status(one) != 0)
                broken_.push_back(
                    fmt::format("{} ended with status {}", processes.name(one), *processes.exit_status(one)));
        }
    }
    return federation_->wait_until("the end of every process", seconds(10), [&] {
        for (const FoundProcess& process : find_processes(folder_.string()))
            if (is_ours(process)) return false;
        return true;
    });
}

Result<int> Chaos::call(std::vector<std::string> arguments, const std::string& name) {
    ProcessSet& processes = federation_->processes();
    arguments[0] = (programs_ / arguments[0]).string();
    const std::size_t one = processes.add(name, std::move(arguments));
    EM_TRY(processes.start(one));
    processes.end(one, 0);
    EM_TRY(federation_->wait_until(name, seconds(60), [&] { return !processes.runs(one); }));
    return *processes.exit_status(one);
}

Result<Broken> Chaos::check_ledger(Trace& trace) {
    Broken broken;
    const std::string file = (folder_ / "kills.ledger").string();
    EM_ASSIGN(const int exported, call({"euromesh", "ledger", "export", file, "--store", federation_->store(),
                                        "--needs", std::to_string(options_.sites)},
                                       "export"));
    if (exported != 0) broken.push_back(fmt::format("the export ended with status {}", exported));
    EM_ASSIGN(const int verified,
              call({"euromesh-verify", file, "--needs", std::to_string(options_.sites)}, "verify"));
    if (verified != 0) broken.push_back(fmt::format("euromesh-verify ended with status {}", verified));
    EM_ASSIGN(const auto store, federation::open_store(federation_->store()));
    for (std::uint64_t at = 0;;) {
        EM_ASSIGN(const std::vector<std::string> entries, store->read(at, 4096, 16u << 20));
        if (entries.empty()) break;
        for (const std::string& entry : entries) trace.see(entry);
        at += entries.size();
    }
    trace.finish();
    for (const std::string& failure : trace.failures()) broken.push_back(failure);
    return broken;
}

Result<Broken> Chaos::check() {
    Trace trace;
    Broken broken = broken_;
    const auto add = [&](const Broken& more) { broken.insert(broken.end(), more.begin(), more.end()); };
    EM_ASSIGN(const Broken ledger, check_ledger(trace));
    add(ledger);
    const auto text = os::read_file(folder_ / "runs.txt", 64u << 20);
    EM_ASSIGN(const SeenClaims seen, read_run_file(text.value_or("")));
    const std::vector<SubmittedJob> jobs = load_->jobs();
    add(check_claims(seen, trace, jobs));
    add(check_jobs(seen, trace, jobs, shown_));
    add(check_accounts(trace, allocations_));
    add(load_->complaints());
    add(federation_->processes().surprises());
    std::printf("%s; %d calls repeated\n", summary_of(trace, shown_).c_str(), load_->repeated());
    std::string kills;
    for (const auto& [name, count] : killed_) kills += fmt::format(" {} {}", count, name);
    std::printf("killed:%s\n", kills.c_str());
    return broken;
}

Result<Broken> Chaos::run() {
    EM_TRY(start());
    say("the federation runs");
    kill_all_planned();
    say("all kills are done");
    EM_TRY(calm_down());
    say("all work is over");
    EM_TRY(end_all());
    say("all processes have ended");
    EM_ASSIGN(Broken broken, check());
    const bool remove = broken.empty() && !options_.keep;
    load_.reset();
    federation_.reset();
    std::error_code error;
    if (remove) std::filesystem::remove_all(folder_, error);
    return broken;
}

void describe(CLI::App& app, Options& options) {
    app.add_option("--seed", options.seed, "of jobs and moments")->capture_default_str();
    app.add_option("--kills", options.kills, "strikes")->check(CLI::Range(1, 100'000))->capture_default_str();
    app.add_option("--jobs", options.jobs, "submitted meanwhile")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--sites", options.sites, "agents")->check(CLI::Range(1, 6))->capture_default_str();
    app.add_option("--coordinators", options.coordinators, "on one PostgreSQL, if more than one")
        ->check(CLI::Range(1, 4))
        ->capture_default_str();
    app.add_flag("--postgres", options.postgres, "instead of SQLite: a server of its own");
    app.add_option("--folder", options.folder, "where it works; default: one in the system's");
    app.add_flag("--keep", options.keep, "keep the folder also if nothing broke");
}

}  // namespace
}  // namespace euromesh::kills

// For ctest.
constexpr int skipped = 77;

int main(int argc, char** argv) {
    using namespace euromesh;
    kills::Options options;
    CLI::App app{"Kills a federation at random moments, and counts what is left."};
    kills::describe(app, options);
    CLI11_PARSE(app, argc, argv);
    const os::SystemClock clock;
    const Logger logger(clock, LogFormat::human, LogLevel::warning, [](std::string_view) {});
    os::ignore_broken_pipes();
    const Nanoseconds began = clock.monotonic();
    kills::Chaos chaos(options, clock, logger);
    const auto broken = chaos.run();
    const double took = std::chrono::duration<double>(clock.monotonic() - began).count();
    if (broken && broken->empty()) {
        std::printf("seed %llu: nothing broke, %.0f s\n", static_cast<unsigned long long>(options.seed),
                    took);
        return 0;
    }
    if (!broken && broken.error().code == Code::not_found) {
        std::printf("skipped: %s\n", broken.error().message.c_str());
        return skipped;
    }
    std::printf("seed %llu: BROKEN after %.0f s; its folder is kept\n",
                static_cast<unsigned long long>(options.seed), took);
    if (!broken) std::printf("  %s\n", broken.error().message.c_str());
    if (broken)
        for (const std::string& one : *broken) std::printf("  %s\n", one.c_str());
    return 1;
}
