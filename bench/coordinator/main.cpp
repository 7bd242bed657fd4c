// bench_coordinator: the whole coordinator under load, through its API. See README.md; run.sh calls it.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "base/os/system_clock.hpp"
#include "bench/coordinator/federation.hpp"
#include "bench/coordinator/streams.hpp"
#include "bench/coordinator/wrk.hpp"

namespace euromesh::bench {
namespace {

struct Arguments {
    FederationOptions federation;
    std::string scripts;
    int seconds = 8, connections = 500, streams = 500, all_streams = 10;
    std::int64_t prefill = 0;
    std::string only;
};

constexpr int read_jobs = 200;
constexpr const char* job_body =
    R"({"version":1,"name":"load","executable":"/bin/true","arguments":["one","two"],)"
    R"("environment":{"OMP_NUM_THREADS":"8"},"resources":{"processes":1,"gpus_per_process":1},)"
    R"("attributes":{"duration":"PT10M","class":"production","project":"load"}})";

// How often this disk alone makes 4 KiB durable in one second, in a file that has its size.
double disk_rate(const os::Path& folder, const Clock& clock) {
    const os::Path file = folder / "fdatasync";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return 0;
    const std::string block(4096, 'x');
    int count = 0;
    const Nanoseconds began = clock.monotonic();
    while (clock.monotonic() - began < std::chrono::seconds(1)) {
        const ssize_t written = ::pwrite(descriptor, block.data(), block.size(), (count % 256) * 4096);
        if (written != 4096 || ::fdatasync(descriptor) != 0) break;
        ++count;
    }
    ::close(descriptor);
    std::error_code error;
    std::filesystem::remove(file, error);
    return count / to_seconds(clock.monotonic() - began);
}

class Measurement {
  public:
    Measurement(Arguments arguments, BenchFederation& federation, const Clock& clock)
        : arguments_(std::move(arguments)), federation_(federation), clock_(clock) {}

    Status run() {
        EM_TRY(os::write_file_atomically(body_file(), job_body));
        EM_TRY(submit_first_jobs());
        EM_TRY(prefill());
        std::printf("disk: %.0f fdatasync/s\n", disk_rate(arguments_.federation.folder, clock_));
        EM_TRY(open_streams());
        std::printf("%-26s %9s %8s %8s %8s %8s %7s %12s\n", "case", "req/s", "p50 ms", "p99 ms", "max ms",
                    "refused", "broken", "CPU us/req");
        const int half = arguments_.connections / 2;
        if (wants("reads")) EM_TRY(measure({{"reads alone", reader(arguments_.connections)}}));
        if (wants("submissions")) EM_TRY(measure({{"submissions alone", submitter(arguments_.connections)}}));
        if (wants("together"))
            EM_TRY(measure({{"together: reads", reader(half)}, {"together: submissions", submitter(half)}}));
        return report_streams();
    }
    std::int64_t accepted() const { return accepted_; }

  private:
    using Case = std::pair<std::string, WrkCase>;
    bool wants(const char* name) const { return arguments_.only.empty() || arguments_.only == name; }
    os::Path file(const char* name) const { return arguments_.federation.folder / name; }
    os::Path body_file() const { return file("job.json"); }

    Status submit_first_jobs() {
        EM_ASSIGN(const Json body, parse_json(job_body));
        std::string ids;
        for (int i = 0; i < read_jobs; ++i) {
            EM_ASSIGN(const Json answer, federation_.api().post("/v1/jobs", body));
            jobs_.push_back(answer.value("job", ""));
            ids += jobs_.back() + "\n";
        }
        accepted_ += read_jobs;
        return os::write_file_atomically(file("jobs"), ids);
    }

    WrkCase reader(int connections) const {
        return {arguments_.scripts + "/read.lua",
                {federation_.token_file().string(), file("jobs").string()},
                connections > 250 ? 2 : 1,
                connections};
    }
    WrkCase submitter(int connections) {
        return {arguments_.scripts + "/submit.lua",
                {federation_.token_file().string(), body_file().string(), fmt::format("run{}", ++runs_)},
                connections > 250 ? 2 : 1,
                connections};
    }

    Status measure(std::vector<Case> cases) {
        EM_ASSIGN(const double cpu_before, federation_.cpu_seconds());
        std::vector<WrkCase> all;
        for (const Case& one : cases) all.push_back(one.second);
        EM_ASSIGN(const std::vector<WrkResult> results,
                  run_wrk(all, federation_.url(), arguments_.seconds, arguments_.federation.folder));
        EM_ASSIGN(const double cpu_after, federation_.cpu_seconds());
        std::int64_t requests = 0;
        double seconds = 0;
        for (const WrkResult& one : results)
            requests += one.requests, seconds = std::max(seconds, one.seconds);
        for (std::size_t i = 0; i < results.size(); ++i) {
            const WrkResult& one = results[i];
            std::printf("%-26s %9.0f %8.1f %8.1f %8.1f %8lld %7lld %12.1f\n", cases[i].first.c_str(),
                        one.rate(), one.p50_ms, one.p99_ms, one.most_ms, static_cast<long long>(one.refused),
                        static_cast<long long>(one.broken),
                        (cpu_after - cpu_before) * 1e6 / static_cast<double>(requests));
            if (cases[i].second.script.ends_with("submit.lua")) accepted_ += one.good();
        }
        EM_ASSIGN(const double memory, federation_.memory_mib());
        EM_ASSIGN(const std::int64_t entries, federation_.metric("ledger_entries"));
        EM_ASSIGN(const std::int64_t waiting, federation_.metric("jobs_waiting"));
        std::printf(
            "    coordinator: %.0f %% of one core, %.0f MiB; %lld entries, %lld jobs wait; %llu events "
            "sent\n",
            (cpu_after - cpu_before) / seconds * 100, memory, static_cast<long long>(entries),
            static_cast<long long>(waiting), static_cast<unsigned long long>(crowd_ ? crowd_->events() : 0));
        std::fflush(stdout);
        return {};
    }

    // Jobs that wait, before anything is measured.
    Status prefill() {
        for (;;) {
            EM_ASSIGN(const std::int64_t waiting, federation_.metric("jobs_waiting"));
            if (waiting >= arguments_.prefill) break;
            EM_ASSIGN(const auto results,
                      run_wrk({submitter(50)}, federation_.url(), 2, arguments_.federation.folder));
            accepted_ += results[0].good();
        }
        return {};
    }

    Status open_streams() {
        if (arguments_.streams == 0) return {};
        StreamTarget target{"127.0.0.1", federation_.port(), !arguments_.federation.plain,
                            federation_.token()};
        std::vector<std::string> paths;
        for (int i = 0; i < arguments_.streams; ++i) {
            const std::string& job = jobs_[static_cast<std::size_t>(i) % jobs_.size()];
            paths.push_back(i < arguments_.all_streams ? "/v1/events" : "/v1/events?job=" + job);
        }
        crowd_ = std::make_unique<StreamCrowd>(std::move(target), std::move(paths), clock_);
        const Nanoseconds limit = clock_.monotonic() + std::chrono::seconds(20);
        while (crowd_->open() < static_cast<std::size_t>(arguments_.streams) && clock_.monotonic() < limit)
            os::wait_ready({}, std::chrono::milliseconds(20));
        EM_ASSIGN(entries_before_, federation_.metric("ledger_entries"));
        std::printf("%zu event streams are open, %d of them follow everything\n", crowd_->open(),
                    std::min(arguments_.streams, arguments_.all_streams));
        return {};
    }

    // Waits until nothing more comes.
    Status report_streams() {
        if (!crowd_) return {};
        std::uint64_t seen = 0;
        for (int i = 0; i < 50 && (i == 0 || seen != crowd_->events()); ++i) {
            seen = crowd_->events();
            os::wait_ready({}, std::chrono::milliseconds(400));
        }
        EM_ASSIGN(const std::int64_t entries, federation_.metric("ledger_entries"));
        crowd_->finish();
        const std::vector<std::uint64_t> each = crowd_->events_of_each();
        const auto all = std::min(each.size(), static_cast<std::size_t>(arguments_.all_streams));
        const auto [least, most] =
            std::minmax_element(each.begin(), each.begin() + static_cast<std::ptrdiff_t>(all));
        std::printf(
            "streams: %zu open, %zu lost, %llu out of order; those of everything got %llu to %llu events, "
            "the "
            "ledger %lld entries meanwhile; %.1f MB in all\n",
            crowd_->open() - crowd_->lost(), crowd_->lost(),
            static_cast<unsigned long long>(crowd_->out_of_order()),
            static_cast<unsigned long long>(all > 0 ? *least : 0),
            static_cast<unsigned long long>(all > 0 ? *most : 0),
            static_cast<long long>(entries - entries_before_), static_cast<double>(crowd_->bytes()) / 1e6);
        return {};
    }

    Arguments arguments_;
    BenchFederation& federation_;
    const Clock& clock_;
    std::vector<std::string> jobs_;
    std::unique_ptr<StreamCrowd> crowd_;
    std::int64_t accepted_ = 0, entries_before_ = 0;
    int runs_ = 0;
};

Status measure_all(const Arguments& arguments) {
    const os::SystemClock clock;
    const Logger logger(clock, LogFormat::human, LogLevel::warning, [](std::string_view line) {
        std::fprintf(stderr, "%.*s", static_cast<int>(line.size()), line.data());
    });
    os::raise_open_file_limit();
    os::ignore_broken_pipes();
    EM_ASSIGN(const auto federation, BenchFederation::start(arguments.federation, clock, logger));
    Measurement measurement(arguments, *federation, clock);
    EM_TRY(measurement.run());
    EM_TRY(federation->stop());
    EM_ASSIGN(const BenchFederation::Ledger ledger, federation->verify());
    std::printf("ledger: %s; %lld entries, %lld submissions (%lld answered with success), %lld decisions\n",
                ledger.verdict.c_str(), static_cast<long long>(ledger.entries),
                static_cast<long long>(ledger.submitted), static_cast<long long>(measurement.accepted()),
                static_cast<long long>(ledger.decided));
    if (ledger.verdict != "holds" || ledger.submitted < measurement.accepted())
        return fail(Code::corrupted, "the ledger does not hold what was answered");
    return {};
}

}  // namespace
}  // namespace euromesh::bench

int main(int argc, char** argv) {
    using namespace euromesh;
    bench::Arguments arguments;
    std::string programs, folder;
    bool quiet = false;
    CLI::App app("the coordinator under load; see bench/coordinator/README.md");
    app.add_option("--programs", programs, "build folder")->required();
    app.add_option("--scripts", arguments.scripts, "folder of read.lua and submit.lua")->required();
    app.add_option("--folder", folder, "for everything that is written")->required();
    app.add_option("--store", arguments.federation.store, "instead of SQLite in the folder");
    app.add_option("--seconds", arguments.seconds, "of each case");
    app.add_option("--connections", arguments.connections, "of the load, in all");
    app.add_option("--streams", arguments.streams, "event streams");
    app.add_option("--all-streams", arguments.all_streams,
                   "of them follow everything, the rest one job each");
    app.add_option("--prefill", arguments.prefill, "jobs that wait before anything is measured");
    app.add_option("--sites", arguments.federation.sites, "with an agent each");
    app.add_option("--only", arguments.only, "reads, submissions or together");
    app.add_flag("--plain", arguments.federation.plain, "HTTP on loopback instead of HTTPS");
    app.add_flag("--no-access-log", quiet, "without the line for each request");
    CLI11_PARSE(app, argc, argv);
    arguments.federation.programs = std::filesystem::absolute(programs);
    arguments.federation.folder = std::filesystem::absolute(folder);
    arguments.federation.access_log = !quiet;
    const Status done = bench::measure_all(arguments);
    if (done) return 0;
    std::fprintf(stderr, "bench_coordinator: %s\n", done.error().message.c_str());
    return exit_status(done.error().code);
}
