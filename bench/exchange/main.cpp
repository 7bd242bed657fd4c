// bench_exchange: how long processes take to sum 64 MiB of fp32, next to Gloo and Open MPI. See README.md.
//
//   bench_exchange [--mib N] [--rounds N] [--worlds 2,4] [--cases gloo,mpi,plain,tls] [--chunk VALUES]
//   bench_exchange keys FOLDER WORLD
//   bench_exchange site RANK FOLDER HOST:PORT,... CASES MIB ROUNDS CHUNK    (one process; -N: loopback, N of
//   them)
//   bench_exchange table WORLD CASES MIB GBIT FILE...   (what the sites of one run printed, as a table; GBIT
//   is the line's rate, 0 for none)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/json.hpp"
#include "base/os/process.hpp"
#include "bench/exchange/cases.hpp"
#include "sync/exchange/pki.hpp"

namespace euromesh::bench {
namespace {

constexpr std::size_t warm_up_rounds = 2;

struct Plan {
    std::size_t mib = 64;
    std::size_t rounds = 11;
    std::size_t chunk_values = 65536;
    std::string worlds = "2,4";
    std::string cases = "gloo,mpi,plain,tls";
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
                    {"payload_bytes", one.payload_bytes()},
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

// Of the slowest process, and of the one that sent most.
struct Sample {
    double seconds = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t payload_bytes = 0;
};
using Samples = std::map<std::string, std::map<std::size_t, Sample>>;  // case, round

Status add_line(const std::string& text, Samples& samples) {
    EM_ASSIGN(const Json line, parse_json(text));
    Sample& sample = samples[line["case"].get<std::string>()][line["round"].get<std::size_t>()];
    sample.seconds = std::max(sample.seconds, line["seconds"].get<double>());
    sample.sent_bytes = std::max(sample.sent_bytes, line["sent_bytes"].get<std::uint64_t>());
    sample.payload_bytes = std::max(sample.payload_bytes, line["payload_bytes"].get<std::uint64_t>());
    return {};
}

std::vector<std::string> site_words(const Plan& plan, std::size_t rank, std::size_t world,
                                    const os::Path& folder) {
    return {os::own_program().string(),
            "site",
            std::to_string(rank),
            folder.string(),
            fmt::format("-{}", world),
            plan.cases,
            std::to_string(plan.mib),
            std::to_string(plan.rounds + warm_up_rounds),
            std::to_string(plan.chunk_values)};
}

// Open MPI wants to start the processes itself: all of them, by one program, without its shared memory.
Status start_by_mpirun(const Plan& plan, std::size_t world, const os::Path& folder, os::Children& children) {
    std::vector<std::string> words = {
        "/usr/bin/mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "btl",
        "tcp,self"};
    for (std::size_t rank = 0; rank < world; ++rank) {
        if (rank > 0) words.emplace_back(":");
        words.insert(words.end(), {"-np", "1"});
        const auto site = site_words(plan, rank, world, folder);
        words.insert(words.end(), site.begin(), site.end());
    }
    EM_TRY(children.start(words, folder / "errors-0"));
    return {};
}

Status start_sites(const Plan& plan, std::size_t world, const os::Path& folder, os::Children& children) {
    const auto names = split(plan.cases);
    if (std::find(names.begin(), names.end(), "mpi") != names.end())
        return start_by_mpirun(plan, world, folder, children);
    for (std::size_t rank = 0; rank < world; ++rank)
        EM_TRY(
            children.start(site_words(plan, rank, world, folder), folder / fmt::format("errors-{}", rank)));
    return {};
}

Result<Samples> run_world(const Plan& plan, std::size_t world, const os::Path& folder) {
    EM_TRY(os::make_folders(folder));
    EM_TRY(make_keys(folder, world));
    os::Children children;
    EM_TRY(start_sites(plan, world, folder, children));
    Samples samples;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::seconds(1))) {
            if (event.exit_status.value_or(0) != 0) {
                const auto errors = os::read_file(folder / fmt::format("errors-{}", event.child), 10000);
                return fail(Code::internal, "process {} ended with {}: {}", event.child, *event.exit_status,
                            errors.value_or(""));
            }
            if (event.exit_status) continue;
            EM_TRY(add_line(event.line, samples));
        }
    }
    return samples;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

// The part of the line's rate at which payload went; blank without a line.
std::string line_part(double payload_bytes, double seconds, double line_gbit_s) {
    return line_gbit_s > 0 ? fmt::format("{:.1f} %", payload_bytes * 8e-7 / seconds / line_gbit_s) : "";
}

Json summarise_case(const std::string& name, const std::map<std::size_t, Sample>& rounds, double base,
                    double line_gbit_s) {
    std::vector<double> seconds;
    Sample last;
    for (const auto& [round, sample] : rounds) {
        if (round < warm_up_rounds) continue;
        seconds.push_back(sample.seconds);
        last = sample;
    }
    const double middle = median(seconds);
    const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
    const double ratio = base > 0 ? middle / base : 1;
    const double gbit_s = static_cast<double>(last.sent_bytes) * 8e-9 / middle;
    const std::string part = line_part(static_cast<double>(last.payload_bytes), middle, line_gbit_s);
    std::printf("  %-14s %9.4f %9.4f %9.4f %9.3fx %12.2f %9s\n", name.c_str(), middle, *least, *most, ratio,
                gbit_s, part.c_str());
    return {{"case", name},
            {"median_s", middle},
            {"least_s", *least},
            {"most_s", *most},
            {"ratio", ratio},
            {"sent_bytes", last.sent_bytes},
            {"payload_bytes", last.payload_bytes}};
}

struct Question {
    std::size_t world = 0;
    std::string cases;
    std::size_t mib = 0;
    double line_gbit_s = 0;
};

Json summarise(const Question& question, const Samples& samples) {
    Json cases = Json::array();
    double base = 0;
    std::printf("\n%zu processes, %zu MiB of fp32 each\n", question.world, question.mib);
    std::printf("  %-14s %9s %9s %9s %10s %12s %9s\n", "case", "median s", "least s", "most s", "to first",
                "sent Gbit/s", question.line_gbit_s > 0 ? "of line" : "");
    for (const std::string& name : split(question.cases)) {
        cases.push_back(summarise_case(name, samples.at(name), base, question.line_gbit_s));
        if (base == 0) base = cases[0]["median_s"].get<double>();
    }
    return {{"world", question.world},
            {"mib", question.mib},
            {"line_gbit_s", question.line_gbit_s},
            {"rounds", samples.begin()->second.size() - warm_up_rounds},
            {"cases", std::move(cases)}};
}

// table WORLD CASES MIB GBIT FILE...
Status print_table(const std::vector<std::string>& words) {
    Samples samples;
    for (std::size_t i = 6; i < words.size(); ++i) {
        EM_ASSIGN(const std::string text, os::read_file(words[i], 10u << 20));
        std::size_t begin = 0;
        for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
            EM_TRY(add_line(text.substr(begin, end - begin), samples));
            begin = end + 1;
        }
    }
    if (samples.empty()) return fail(Code::bad_input, "table: the files are empty");
    const Question question{number(words[2]), words[3], number(words[4]),
                            std::strtod(words[5].c_str(), nullptr)};
    std::printf("%s\n", summarise(question, samples).dump().c_str());
    return {};
}

Status run_all(const Plan& plan) {
    Json report = Json::array();
    for (const std::string& world : split(plan.worlds)) {
        const os::Path folder = std::filesystem::temp_directory_path() /
                                fmt::format("bench-exchange-{}-{}", os::own_process_id(), world);
        std::filesystem::remove_all(folder);
        const Result<Samples> samples = run_world(plan, number(world), folder);
        std::filesystem::remove_all(folder);
        if (!samples) return fail(samples.error());
        report.push_back(summarise({number(world), plan.cases, plan.mib, 0}, *samples));
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
    if (words.size() > 6 && words[1] == "table") return print_table(words);
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
