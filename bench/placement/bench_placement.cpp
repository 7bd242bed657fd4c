// How fast a placement round is planned, how far from the bound, and how large rounds are proved.
//
//   bench_placement large [WORKLOADS [SHAPES [SITES [KINDS [OPTIONS]]]]]   (100,000, 2,000, 60, 10, 256)
//   bench_placement proofs                                       rounds of 4 to 200 workloads
//
// One thread. The rounds are drawn from fixed seeds: sites with a partition of every kind of accelerator,
// three steps of capacity each, owners with shares at every site; workloads of 1 to 64 GPUs that ask for more
// than there is. Times are wall and CPU, medians of five.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "base/os/system_clock.hpp"
#include "base/random.hpp"
#include "federation/placement/placement_planner.hpp"

using namespace euromesh;
using namespace euromesh::federation;

namespace {

constexpr std::int64_t hour = 3'600'000;
constexpr int repeats = 5;

struct RoundSize {
    std::size_t workloads = 100'000;
    std::size_t shapes = 2'000;
    std::size_t sites = 60;
    std::size_t kinds = 10;
};

class RoundMaker {
  public:
    RoundMaker(std::uint64_t seed, const RoundSize& size) : random_(seed), size_(size) {}

    PlacementRound make(std::int64_t most_gpus) {
        PlacementRound round;
        round.now_ms = 1'000 * hour;
        for (std::size_t s = 0; s < size_.sites; ++s) round.sites.push_back(site(s, most_gpus));
        for (int l = 0; l < 20; ++l) round.law.push_back(law(l));
        for (int o = 0; o < 30; ++o) {
            round.owners.push_back({fmt::format("owner{}", o), between(1, 5), between(0, 1'000'000'000)});
        }
        std::vector<Workload> shapes;
        for (std::size_t s = 0; s < size_.shapes; ++s) shapes.push_back(workload_shape());
        for (std::size_t w = 0; w < size_.workloads; ++w) {
            Workload workload = shapes[random_.below(shapes.size())];
            workload.id = fmt::format("w{:06}", w);
            workload.submitted_ms = round.now_ms - between(0, 100 * hour);
            workload.work_class = static_cast<WorkClass>(between(1, 4));
            round.workloads.push_back(std::move(workload));
        }
        return round;
    }

  private:
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most - least + 1)));
    }

    PlacementSite site(std::size_t number, std::int64_t most_gpus) {
        PlacementSite site{.id = fmt::format("site{:02}", number), .country = "eu"};
        for (std::size_t k = 0; k < size_.kinds; ++k) site.partitions.push_back(partition(k, most_gpus));
        site.shares = {{"owner0", 500}, {fmt::format("owner{}", 1 + number % 29), 300}};
        return site;
    }

    PlacementPartition partition(std::size_t kind, std::int64_t most_gpus) {
        PlacementPartition partition;
        partition.id = partition.accelerator = fmt::format("kind{}", kind);
        partition.gpus_total = most_gpus;
        partition.gpus_per_node = 4;
        partition.memory_per_gpu_mib = 1024 * between(32, 96);
        partition.containers = {"oci", "sif"};
        partition.longest_ms = 48 * hour;
        partition.capacity = {{0, between(0, most_gpus / 4)},
                              {1'000 * hour + between(1, 6 * hour), between(0, most_gpus / 2)},
                              {1'010 * hour + between(1, 24 * hour), between(0, most_gpus)}};
        partition.watts_per_gpu = between(250, 1000);
        partition.carbon_g_per_kwh = between(20, 700);
        partition.price_milli_euro_per_gpu_hour = between(300, 4000);
        return partition;
    }

    LawClass law(int number) {
        LawClass law{fmt::format("law{}", number), {}};
        for (std::size_t s = 0; s < size_.sites; ++s) {
            law.verdicts.push_back(
                {fmt::format("site{:02}", s), random_.uniform() < 0.6, Filter::residency, "data-stay"});
        }
        return law;
    }

    Workload workload_shape() {
        Workload workload;
        workload.law_class = fmt::format("law{}", between(0, 19));
        workload.owner = fmt::format("owner{}", between(0, 29));
        workload.gpus = std::int64_t{1} << between(0, 6);
        workload.memory_per_gpu_mib = 1024 * between(8, 80);
        workload.duration_ms = between(1, 24 * 60) * 60'000;
        for (std::size_t k = 0; k < size_.kinds; ++k) {
            if (random_.uniform() < 0.7)
                workload.rates.push_back({fmt::format("kind{}", k), between(300, 3000)});
        }
        workload.container = "sif";
        workload.data = {
            {"set", fmt::format("site{:02}", random_.below(size_.sites)), between(0, 1LL << 42)}};
        return workload;
    }

    Random random_;
    RoundSize size_;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void report_large(const RoundSize& size, std::size_t options) {
    PlacementRound round = RoundMaker(1, size).make(1'000);
    round.policy.options_per_shape = static_cast<int>(options);
    const os::SystemClock clock;
    std::vector<double> wall;
    std::vector<double> cpu;
    PlacementPlan plan;
    for (int i = 0; i < repeats; ++i) {
        const Nanoseconds start = clock.monotonic();
        const Nanoseconds used = os::process_cpu_time();
        plan = *plan_placement(round);
        wall.push_back(to_seconds(clock.monotonic() - start));
        cpu.push_back(to_seconds(os::process_cpu_time() - used));
    }
    const auto placed = std::count_if(plan.workloads.begin(), plan.workloads.end(),
                                      [](const PlannedWorkload& w) { return !w.claims.empty(); });
    fmt::print(
        "{} workloads of {} shapes, {} sites x {} kinds: wall {:.3f} s, cpu {:.3f} s, placed {}, gap {:.3f} "
        "%\n",
        size.workloads, size.shapes, size.sites, size.kinds, median(wall), median(cpu), placed,
        static_cast<double>(plan.quality.gap_ppm()) / 1e4);
}

// Forty rounds of each size, one class, without owners: how many are proved, the mean gap, and the time.
void report_proofs() {
    for (const std::size_t workloads : {4U, 8U, 12U, 16U, 24U, 32U, 40U, 64U, 100U, 200U, 1000U}) {
        const RoundSize size{.workloads = workloads, .shapes = workloads, .sites = 4, .kinds = 2};
        const os::SystemClock clock;
        int proved = 0;
        double gap = 0;
        double worst = 0;
        double slowest = 0;
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            PlacementRound round = RoundMaker(seed, size).make(static_cast<std::int64_t>(4 * workloads));
            for (Workload& workload : round.workloads) workload.work_class = WorkClass::production;
            for (PlacementSite& site : round.sites) site.shares.clear();
            const Nanoseconds start = clock.monotonic();
            const PlacementPlan plan = *plan_placement(round);
            slowest = std::max(slowest, to_seconds(clock.monotonic() - start));
            proved += plan.quality.proved ? 1 : 0;
            const double of_this = static_cast<double>(plan.quality.gap_ppm()) / 1e4;
            gap += of_this / 40;
            worst = std::max(worst, of_this);
        }
        fmt::print("{:4} workloads: {:2} of 40 proved, gap mean {:.3f} % worst {:.3f} %, slowest {:.3f} s\n",
                   workloads, proved, gap, worst, slowest);
    }
}

std::size_t number_or(int argc, char** argv, int at, std::size_t otherwise) {
    if (at >= argc) return otherwise;
    std::size_t value = otherwise;
    std::from_chars(argv[at], argv[at] + std::strlen(argv[at]), value);
    return std::max<std::size_t>(1, value);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "proofs") {
        report_proofs();
        return 0;
    }
    const RoundSize usual;
    report_large({number_or(argc, argv, 2, usual.workloads), number_or(argc, argv, 3, usual.shapes),
                  number_or(argc, argv, 4, usual.sites), number_or(argc, argv, 5, usual.kinds)},
                 number_or(argc, argv, 6, static_cast<std::size_t>(PlacementPolicy{}.options_per_shape)));
    return 0;
}
