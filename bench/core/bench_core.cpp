// What the pure core of the coordinator does in a second of one core, and what a job takes in memory.
//
// bench_core [WAITING...] (default 0 10000 100000): so many jobs wait already, of 50 projects, over 20 sites.
// Then 2,000 more are handed in, and ten times: a placement round over 500 jobs, a report of each site that
// brings its offers, one that they run, one that they have ended. CPU time, since others share the machine.
// No log, no network: what comes on top of that is measured in bench/store and bench/coordinator.
#include <fmt/core.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/os/system_clock.hpp"
#include "federation/core/core.hpp"

using namespace euromesh;
using namespace euromesh::federation;

namespace {

constexpr int sites = 20;
constexpr int projects = 50;
constexpr int measured_jobs = 2000;
constexpr int rounds = 10;
const Actor admin{"i|admin", "", {}, {}, ""};
const Actor coordinator{"coordinator", "", {}, {}, ""};
constexpr const char* rules =
    "rule all\n  \"Everybody may\"\n  source \"bench\"\npermit submit, cancel, place, admit, exchange;\n";

// What is allocated and not given back.
std::int64_t heap_bytes() {
    return static_cast<std::int64_t>(mallinfo2().uordblks);
}

double seconds_since(Nanoseconds begin) {
    return std::chrono::duration<double>(os::process_cpu_time() - begin).count();
}

class Bench {
  public:
    Bench() {
        Found found;
        found.federation.name = "bench";
        found.federation.administrators = {admin.account};
        found.federation.governance.needed = found.federation.governance.needed_emergency = 0;
        found.federation.tiers = {{"t", "T", 0, 1, 12, false}};
        found.federation.rules = {{"all.rules", rules}};
        run(admin, found);
        for (int i = 0; i < sites; ++i) add_site(name_of_site(i));
        for (int i = 0; i < projects; ++i) {
            ProjectRecord project;
            project.id = fmt::format("p{}", i);
            project.organisation = "o";
            project.country = "FI";
            project.managers = {person(i).account};
            run(admin, SetProject{project});
            run(admin, Grant{project.id, "t", "ju", "", 100'000'000'000, 0, 0});
        }
    }
    void submit(int from, int count) {
        for (int i = from; i < from + count; ++i) {
            contract::JobSpec spec;
            spec.name = fmt::format("job {}", i);
            spec.executable = "/usr/bin/python3";
            spec.arguments = {"train.py", "--config", "config.yaml", fmt::format("--seed={}", i)};
            spec.environment = {{"OMP_NUM_THREADS", "8"}};
            spec.project = fmt::format("p{}", i % projects);
            spec.gpus_per_process = 1 + i % 8;
            spec.duration_ms = 3'600'000;
            run(person(i % projects), Submit{spec, fmt::format("key-{}", i), ""});
        }
    }
    std::int64_t plan() {
        const auto outcome = run(coordinator, Plan{500});
        return outcome["decided"].get<std::int64_t>();
    }
    // Every site says `state` of all that it was offered. Returns how many reports and how many claims.
    std::int64_t report(const char* state) {
        std::int64_t told = 0;
        for (int i = 0; i < sites; ++i) {
            const std::string site = name_of_site(i);
            SiteReport report{site + "-journal", -1, {}};
            for (const std::string& id : core_.tables().open_claims(site)) {
                if (core_.tables().claim(id)->state == "held") continue;
                report.claims.push_back({id, state, now_ms_, now_ms_ + 60'000, 0, 0, ""});
            }
            told += static_cast<std::int64_t>(report.claims.size());
            run({"", "", {}, {}, site}, report);
            orders_ += static_cast<std::int64_t>(core_.orders_for(site, report).start.size());
        }
        return told;
    }
    const Core& core() const { return core_; }
    std::int64_t events() const { return core_.tables().next_seq(); }

  private:
    static std::string name_of_site(int i) { return fmt::format("s{}", i); }
    static Actor person(int i) { return {fmt::format("i|person{}", i), "", {}, {}, ""}; }
    void add_site(const std::string& id) {
        run(admin, AdmitSite{id, std::string(64, '0'), "FI", "", "ju", {}});
        contract::SiteDocument document;
        document.country = "FI";
        document.hosting = "ju";
        document.partitions.push_back({"gpu", "", "a100", 4000, 4, 1, 86'400'000, 5000, 0, 0, 0, {}, {}});
        run({"", "", {}, {}, id}, DescribeSite{document});
        run({"", "", {}, {}, id}, SiteReport{id + "-journal", -1, {}});
    }
    Json run(const Actor& actor, Ask ask) {
        now_ms_ += 1;
        auto outcome = core_.execute({actor, std::move(ask)}, now_ms_);
        EM_ASSERT(outcome.has_value(), "what is measured is sound");
        return std::move(outcome->answer);
    }

    Core core_;
    std::int64_t now_ms_ = 1'800'000'000'000;
    std::int64_t orders_ = 0;
};

struct Sum {
    double seconds = 0;
    std::int64_t count = 0;
    template <class Act>
    void add(Act act) {
        const Nanoseconds begin = os::process_cpu_time();
        count += act();
        seconds += seconds_since(begin);
    }
    double us() const { return count == 0 ? 0 : seconds * 1e6 / static_cast<double>(count); }
};

void measure(int waiting) {
    Bench bench;
    const std::int64_t before = heap_bytes();
    bench.submit(0, waiting);
    const std::int64_t grown = heap_bytes() - before;
    Sum submit, plan, offer, running, end;
    submit.add([&] { return bench.submit(waiting, measured_jobs), measured_jobs; });
    double longest_round = 0;
    for (int i = 0; i < rounds; ++i) {
        const double spent = plan.seconds;
        plan.add([&] { return bench.plan(); });
        longest_round = std::max(longest_round, plan.seconds - spent);
        offer.add([&] { return bench.report("accepted"), std::int64_t{sites}; });
        running.add([&] { return bench.report("running"); });
        end.add([&] { return bench.report("ended"); });
    }
    const Nanoseconds begin = os::process_cpu_time();
    const std::string snapshot = bench.core().snapshot();
    const double wrote = seconds_since(begin);
    const Nanoseconds again = os::process_cpu_time();
    EM_ASSERT(Core::restore(snapshot).has_value(), "a snapshot comes back");
    const double read = seconds_since(again);
    fmt::print(
        "{:>7} waiting | submit {:6.1f} us | plan {:6.1f} us a job placed, longest round {:5.3f} s | report "
        "with "
        "offers {:6.1f} us a site | run {:5.1f} us | end {:5.1f} us a claim | {:5.0f} bytes a waiting job | "
        "snapshot {:.1f} MB, written in {:.2f} s, read in {:.2f} s | {} events\n",
        waiting, submit.us(), plan.us(), longest_round, offer.us(), running.us(), end.us(),
        waiting == 0 ? 0.0 : static_cast<double>(grown) / waiting, static_cast<double>(snapshot.size()) / 1e6,
        wrote, read, bench.events());
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<int> sizes{0, 10'000, 100'000};
    if (argc > 1) sizes.clear();
    for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
    for (const int waiting : sizes) measure(waiting);
    return 0;
}
