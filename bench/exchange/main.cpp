// bench_exchange: how long processes take to sum 64 MiB of fp32, next to Gloo. See README.md.
//
//   bench_exchange [--mib N] [--rounds N] [--worlds 2,4] [--cases gloo,plain,tls] [--chunk VALUES]
//   bench_exchange keys FOLDER WORLD
//   bench_exchange site RANK FOLDER HOST:PORT,... CASES MIB ROUNDS CHUNK    (one process; "-": loopback)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/json.hpp"
#include "base/os/process.hpp"
#include "cases.hpp"
#include "sync/exchange/pki.hpp"

namespace euromesh::bench {
namespace {

constexpr std::size_t warm_up_rounds = 2;

struct Plan {
    std::size_t mib = 64;
    std::size_t rounds = 11;
    std::size_t chunk_values = 65536;
    std::string worlds = "2,4";
    std::string cases = "gloo,plain,tls";
};

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts(1);
    for (const char letter : text) {
        if (letter == ',')
            parts.emplace_back();
        else
            parts.back() += letter;
    }
    return parts;
}

std::size_t number(const std::string& text) {
    return std::strtoull(text.c_str(), nullptr, 10);
}

Status make_keys(const os::Path& folder, std::size_t world) {
    EM_ASSIGN(const RunId run, RunId::parse(run_name, "run"));
    std::vector<SiteId> sites;
    for (std::size_t rank = 0; rank < world; ++rank) {
        EM_ASSIGN(SiteId site, SiteId::parse(site_name(rank), "site"));
        sites.push_back(std::move(site));
    }
    return sync::pki_init(folder, run, sites, os::SystemClock());
}

// --- one process ------------------------------------------------------------------------------------------

Status measure(const std::string& name, Case& one, Meshes& meshes, std::size_t round) {
    EM_TRY(meshes.barrier());
    const std::uint64_t sent = one.sent_bytes();
    const Nanoseconds cpu = os::process_cpu_time(), begin = meshes.clock().monotonic();
    EM_TRY(one.run());
    const Nanoseconds end = meshes.clock().monotonic();
    const Json line{{"case", name},
                    {"round", round},
                    {"seconds", to_seconds(end - begin)},
                    {"cpu_s", to_seconds(os::process_cpu_time() - cpu)},
                    {"sent_bytes", one.sent_bytes() - sent},
                    {"sample", one.sample()}};
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
    return {};
}

Status run_site(const Place& place, const std::vector<std::string>& names, std::size_t rounds) {
    Meshes meshes(place);
    std::vector<std::unique_ptr<Case>> cases;
    for (const std::string& name : names) {
        EM_ASSIGN(std::unique_ptr<Case> one, make_case(name, place, meshes));
        cases.push_back(std::move(one));
    }
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < cases.size(); ++i) EM_TRY(measure(names[i], *cases[i], meshes, round));
    }
    return meshes.barrier();
}

Result<Place> place_of(const std::vector<std::string>& words) {
    Place place;
    place.rank = number(words[2]);
    place.folder = words[3];
    if (words[4].starts_with("-")) {
        place.world = number(words[4].substr(1));
    } else {
        for (const std::string& text : split(words[4])) {
            EM_ASSIGN(os::Endpoint endpoint, os::parse_endpoint(text));
            place.endpoints.push_back(std::move(endpoint));
        }
        place.world = place.endpoints.size();
    }
    place.values = number(words[6]) * (1u << 20) / sizeof(float);
    place.chunk_values = number(words[8]);
    return place;
}

// --- all processes on this machine ------------------------------------------------------------------------

using Times = std::map<std::string, std::map<std::size_t, double>>;  // case, round: the slowest process

Result<Times> run_world(const Plan& plan, std::size_t world, const os::Path& folder) {
    EM_TRY(os::make_folders(folder));
    EM_TRY(make_keys(folder, world));
    os::Children children;
    for (std::size_t rank = 0; rank < world; ++rank) {
        EM_TRY(
            children.start({os::own_program().string(), "site", std::to_string(rank), folder.string(),
                            fmt::format("-{}", world), plan.cases, std::to_string(plan.mib),
                            std::to_string(plan.rounds + warm_up_rounds), std::to_string(plan.chunk_values)},
                           folder / fmt::format("errors-{}", rank)));
    }
    Times times;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::seconds(1))) {
            if (event.exit_status.value_or(0) != 0) {
                const auto errors = os::read_file(folder / fmt::format("errors-{}", event.child), 10000);
                return fail(Code::internal, "process {} ended with {}: {}", event.child, *event.exit_status,
                            errors.value_or(""));
            }
            if (event.exit_status) continue;
            EM_ASSIGN(const Json line, parse_json(event.line));
            double& slowest = times[line["case"].get<std::string>()][line["round"].get<std::size_t>()];
            slowest = std::max(slowest, line["seconds"].get<double>());
        }
    }
    return times;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

std::vector<double> after_warm_up(const std::map<std::size_t, double>& rounds) {
    std::vector<double> values;
    for (const auto& [round, seconds] : rounds) {
        if (round >= warm_up_rounds) values.push_back(seconds);
    }
    return values;
}

Json summarise(const Plan& plan, std::size_t world, const Times& times) {
    Json cases = Json::array();
    const std::string first = split(plan.cases)[0];
    const double base = median(after_warm_up(times.at(first)));
    std::printf("\n%zu processes, %zu MiB of fp32 each, median of %zu rounds\n", world, plan.mib,
                plan.rounds);
    std::printf("  %-14s %10s %10s %10s %12s\n", "case", "median s", "least s", "most s",
                ("to " + first).c_str());
    for (const std::string& name : split(plan.cases)) {
        const std::vector<double> values = after_warm_up(times.at(name));
        const auto [least, most] = std::minmax_element(values.begin(), values.end());
        std::printf("  %-14s %10.4f %10.4f %10.4f %11.2fx\n", name.c_str(), median(values), *least, *most,
                    median(values) / base);
        cases.push_back({{"case", name},
                         {"median_s", median(values)},
                         {"least_s", *least},
                         {"most_s", *most},
                         {"ratio", median(values) / base}});
    }
    return {{"world", world},
            {"mib", plan.mib},
            {"rounds", plan.rounds},
            {"base", first},
            {"cases", std::move(cases)}};
}

Status run_all(const Plan& plan) {
    Json report = Json::array();
    for (const std::string& world : split(plan.worlds)) {
        const os::Path folder =
            std::filesystem::temp_directory_path() / fmt::format("bench-exchange-{}-{}", std::rand(), world);
        std::filesystem::remove_all(folder);
        const Result<Times> times = run_world(plan, number(world), folder);
        std::filesystem::remove_all(folder);
        if (!times) return fail(times.error());
        report.push_back(summarise(plan, number(world), *times));
    }
    std::printf("\n%s\n", report.dump().c_str());
    return {};
}

Result<Plan> parse_plan(const std::vector<std::string>& words) {
    Plan plan;
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
        const std::string& value = words[i + 1];
        if (words[i] == "--mib")
            plan.mib = number(value);
        else if (words[i] == "--rounds")
            plan.rounds = number(value);
        else if (words[i] == "--worlds")
            plan.worlds = value;
        else if (words[i] == "--cases")
            plan.cases = value;
        else if (words[i] == "--chunk")
            plan.chunk_values = number(value);
        else
            return fail(Code::bad_input, "option '{}': use --mib, --rounds, --worlds, --cases or --chunk",
                        words[i]);
    }
    if (plan.mib == 0 || plan.rounds == 0 || plan.chunk_values == 0)
        return fail(Code::bad_input, "sizes and rounds must be above zero");
    return plan;
}

Status run(const std::vector<std::string>& words) {
    if (words.size() == 4 && words[1] == "keys") return make_keys(words[2], number(words[3]));
    if (words.size() == 9 && words[1] == "site") {
        EM_ASSIGN(const Place place, place_of(words));
        return run_site(place, split(words[5]), number(words[7]));
    }
    EM_ASSIGN(const Plan plan, parse_plan(words));
    return run_all(plan);
}

}  // namespace
}  // namespace euromesh::bench

int main(int count, char** arguments) {
    const euromesh::Status status = euromesh::bench::run({arguments, arguments + count});
    if (status) return 0;
    std::fprintf(stderr, "bench_exchange: %s\n", status.error().message.c_str());
    return euromesh::exit_status(status.error().code);
}
