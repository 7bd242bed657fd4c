// bench_recovery: what the death of a site, or a cut line, costs the others, and how long it takes to come
// back. See README.md.
//
//   bench_recovery [--repeat N] [--compute-ms N] [--values N]                kill -9 of one of three sites
//   bench_recovery --wan testbed/wan [--name NET] --cut-s N [--silence-ms N] [...]   the line of one is cut
//   (root; the
//                                                                            network of three hosts must be
//                                                                            up)
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <algorithm>
#include <functional>

#include "base/json.hpp"
#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"
#include "bench/recovery/site.hpp"

namespace euromesh::bench {
namespace {

constexpr std::size_t sites = 3;
constexpr std::size_t victim = 2;
constexpr std::size_t warm_up_rounds = 6;
constexpr double patience_s = 120;

struct Plan {
    std::size_t repeat = 7;
    SiteOptions site;
    std::string wan;  // empty: kill on loopback
    std::string net = "wan";
    double cut_s = 10;
};

struct Round {
    std::uint64_t round = 0;
    double at_s = 0;
    bool contributed = false;
    std::size_t members = 0;
};

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

// Three processes and what they told.
class Run {
  public:
    explicit Run(const Plan& plan) : plan_(plan), options_(plan.site) {}

    Status start_all() {
        EM_TRY(os::make_folders(folder_));
        EM_TRY(choose_endpoints());
        for (std::size_t rank = 0; rank < sites; ++rank) EM_TRY(start(rank));
        return {};
    }
    Status start(std::size_t rank) {
        options_.rank = rank;
        std::vector<std::string> words;
        if (!plan_.wan.empty())
            words = {plan_.wan, "run", "--name", plan_.net, std::to_string(rank + 1), "--"};
        words.push_back(os::own_program().string());
        const auto own = to_words(options_);
        words.insert(words.end(), own.begin(), own.end());
        EM_ASSIGN(child_of_[rank], children_.start(words, folder_ / fmt::format("errors-{}", rank)));
        return {};
    }
    void kill(std::size_t rank) {
        children_.send_signal(child_of_[rank], SIGKILL);
        killed_.push_back(child_of_[rank]);
    }

    // Reads what they tell until `enough`, or for so long.
    Status read_until(const std::function<bool()>& enough, double most_s = patience_s) {
        const double end = now_s() + most_s;
        while (!enough()) {
            if (now_s() > end) return fail(Code::unavailable, "nothing came for {} s", most_s);
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(10)))
                EM_TRY(take(event));
        }
        return {};
    }
    Status pause(double seconds) {
        const double end = now_s() + seconds;
        return read_until([&] { return now_s() >= end; }, seconds + 1);
    }
    double now_s() const { return static_cast<double>(clock_.monotonic().count()) * 1e-9; }
    const std::vector<Round>& rounds(std::size_t rank) const { return told_[rank]; }
    // The first round of a site after a moment that is as asked.
    const Round* first_after(std::size_t rank, double at_s,
                             const std::function<bool(const Round&)>& is) const {
        for (const Round& round : told_[rank])
            if (round.at_s > at_s && is(round)) return &round;
        return nullptr;
    }
    double normal_round_s() const {
        std::vector<double> lengths;
        for (std::size_t i = 2; i < told_[0].size(); ++i)
            lengths.push_back(told_[0][i].at_s - told_[0][i - 1].at_s);
        return median(std::move(lengths));
    }
    ~Run() {
        std::error_code error;
        std::filesystem::remove_all(folder_, error);
    }

  private:
    Status choose_endpoints() {
        std::vector<os::Socket> taken;  // until all ports are known, so that they differ
        for (std::size_t rank = 0; rank < sites; ++rank) {
            if (!plan_.wan.empty()) {
                options_.endpoints.push_back({fmt::format("10.88.{}.2", rank + 1), 4400});
                continue;
            }
            EM_ASSIGN(os::Socket socket, os::Socket::listen({"127.0.0.1", 0}, {}));
            options_.endpoints.push_back({"127.0.0.1", socket.local_port()});
            taken.push_back(std::move(socket));
        }
        return {};
    }
    Status take(const os::ChildEvent& event) {
        const auto rank = static_cast<std::size_t>(
            std::find(child_of_.begin(), child_of_.end(), event.child) - child_of_.begin());
        if (event.exit_status) {
            if (std::find(killed_.begin(), killed_.end(), event.child) != killed_.end()) return {};
            const auto errors = os::read_file(folder_ / fmt::format("errors-{}", rank), 10'000);
            return fail(Code::internal, "site {} ended with {}: {}", rank, *event.exit_status,
                        errors.value_or(""));
        }
        if (rank == sites) return {};  // of the killed one
        EM_ASSIGN(const Json line, parse_json(event.line));
        told_[rank].push_back({line["round"].get<std::uint64_t>(), line["at_s"].get<double>(),
                               line["contributed"].get<bool>(), line["members"].get<std::size_t>()});
        return {};
    }

    const Plan& plan_;
    SiteOptions options_;
    os::SystemClock clock_;
    os::Path folder_ =
        std::filesystem::temp_directory_path() / fmt::format("bench-recovery-{}", os::own_process_id());
    os::Children children_;
    std::vector<std::size_t> child_of_ = std::vector<std::size_t>(sites);
    std::vector<std::size_t> killed_;
    std::vector<Round> told_[sites];
};

bool any(const Round&) {
    return true;
}

struct Measured {
    double normal_s = 0;
    double extra_s = 0;    // what the first round afterwards took longer than a normal one
    double back_s = 0;     // until the site contributes again: from its new start, or from the mending
    double meanwhile = 0;  // rounds that the others committed during the cut
};

// Into the middle of a round's compute: right after a commit of site 0.
Status settle(Run& run, const Plan& plan) {
    EM_TRY(run.start_all());
    EM_TRY(run.read_until([&] { return run.rounds(0).size() >= warm_up_rounds; }));
    const std::size_t before = run.rounds(0).size();
    EM_TRY(run.read_until([&] { return run.rounds(0).size() > before; }));
    return run.pause(static_cast<double>(plan.site.compute_ms) * 0.5e-3);
}

Result<Measured> measure_kill(const Plan& plan) {
    Run run(plan);
    EM_TRY(settle(run, plan));
    Measured measured{.normal_s = run.normal_round_s()};
    const double before = run.rounds(0).back().at_s, killed = run.now_s();
    run.kill(victim);
    EM_TRY(
        run.read_until([&] { return run.first_after(0, killed, any) && run.first_after(1, killed, any); }));
    measured.extra_s = run.first_after(0, killed, any)->at_s - before - measured.normal_s;
    const double again = run.now_s();
    EM_TRY(run.start(victim));
    const auto contributed = [](const Round& round) { return round.contributed; };
    EM_TRY(run.read_until([&] { return run.first_after(victim, again, contributed) != nullptr; }));
    measured.back_s = run.first_after(victim, again, contributed)->at_s - again;
    return measured;
}

Status wan(const Plan& plan, const std::string& command) {
    os::Children children;
    EM_TRY(children.start({plan.wan, command, "--name", plan.net, std::to_string(victim + 1)}, "/dev/null"));
    while (children.any_left())
        for (const os::ChildEvent& event : children.poll(std::chrono::seconds(1)))
            if (event.exit_status.value_or(0) != 0)
                return fail(Code::unavailable, "{} {} failed", plan.wan, command);
    return {};
}

Result<Measured> measure_cut(const Plan& plan) {
    Run run(plan);
    EM_TRY(settle(run, plan));
    Measured measured{.normal_s = run.normal_round_s()};
    const double before = run.rounds(0).back().at_s, cut = run.now_s();
    EM_TRY(wan(plan, "cut"));
    const Status waited = run.pause(plan.cut_s);
    const double mended = run.now_s();
    EM_TRY(wan(plan, "mend"));
    EM_TRY(waited);
    const auto contributed = [](const Round& round) { return round.contributed && round.members == sites; };
    EM_TRY(run.read_until(
        [&] { return run.first_after(victim, mended, contributed) && run.first_after(0, cut, any); }));
    measured.extra_s = run.first_after(0, cut, any)->at_s - before - measured.normal_s;
    measured.back_s = run.first_after(victim, mended, contributed)->at_s - mended;
    const auto& rounds = run.rounds(0);
    measured.meanwhile =
        static_cast<double>(std::count_if(rounds.begin(), rounds.end(), [&](const Round& round) {
            return round.at_s > cut && round.at_s <= mended;
        }));
    return measured;
}

Json row(const char* name, const std::vector<Measured>& all, double Measured::*of) {
    std::vector<double> values;
    for (const Measured& measured : all) values.push_back(measured.*of);
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    std::printf("  %-44s %9.3f %9.3f %9.3f\n", name, median(values), *least, *most);
    return {{"what", name}, {"median", median(values)}, {"least", *least}, {"most", *most}};
}

void print(const Plan& plan, const std::vector<Measured>& all) {
    const bool kill = plan.wan.empty();
    std::printf("three sites, %zu values, %llu ms of compute a round; %s; %zu times\n", plan.site.values,
                static_cast<unsigned long long>(plan.site.compute_ms),
                kill ? "kill -9 of one in mid round"
                     : fmt::format("the line of one cut for {} s", plan.cut_s).c_str(),
                all.size());
    std::printf("  %-44s %9s %9s %9s\n", "", "median", "least", "most");
    Json rows = Json::array();
    rows.push_back(row("a normal round, s", all, &Measured::normal_s));
    rows.push_back(row("the next round of the others, s longer", all, &Measured::extra_s));
    if (!kill) rows.push_back(row("rounds of the others during the cut", all, &Measured::meanwhile));
    rows.push_back(
        row(kill ? "contributes again, s after its new start" : "contributes again, s after the mending", all,
            &Measured::back_s));
    std::printf("%s\n", rows.dump().c_str());
}

Result<Plan> parse_plan(const std::vector<std::string>& words) {
    Plan plan;
    plan.site.silence_ms = 2000;
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
        const std::string& value = words[i + 1];
        const auto number = std::strtoull(value.c_str(), nullptr, 10);
        if (words[i] == "--repeat")
            plan.repeat = number;
        else if (words[i] == "--compute-ms")
            plan.site.compute_ms = number;
        else if (words[i] == "--values")
            plan.site.values = number;
        else if (words[i] == "--silence-ms")
            plan.site.silence_ms = number;
        else if (words[i] == "--cut-s")
            plan.cut_s = std::strtod(value.c_str(), nullptr);
        else if (words[i] == "--wan")
            plan.wan = value;
        else if (words[i] == "--name")
            plan.net = value;
        else
            return fail(
                Code::bad_input,
                "option '{}': use --repeat, --compute-ms, --values, --silence-ms, --wan, --name or --cut-s",
                words[i]);
    }
    if (plan.repeat == 0 || plan.site.values == 0) return fail(Code::bad_input, "numbers must be above zero");
    return plan;
}

Status run(const std::vector<std::string>& words) {
    if (words.size() > 1 && words[1] == "site") {
        EM_ASSIGN(const SiteOptions options, parse_site({words.begin() + 1, words.end()}));
        return run_site(options);
    }
    EM_ASSIGN(const Plan plan, parse_plan(words));
    std::vector<Measured> all;
    for (std::size_t i = 0; i < plan.repeat; ++i) {
        EM_ASSIGN(const Measured measured, plan.wan.empty() ? measure_kill(plan) : measure_cut(plan));
        all.push_back(measured);
    }
    print(plan, all);
    return {};
}

}  // namespace
}  // namespace euromesh::bench

int main(int count, char** arguments) {
    const euromesh::Status status = euromesh::bench::run({arguments, arguments + count});
    if (status) return 0;
    std::fprintf(stderr, "bench_recovery: %s\n", status.error().message.c_str());
    return euromesh::exit_status(status.error().code);
}
