// Rounds for tests: a small one to change by hand, and random ones.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/random.hpp"
#include "federation/placement/model.hpp"

namespace euromesh::federation {

inline constexpr std::int64_t test_hour = 3'600'000;
inline constexpr std::int64_t test_now = 1000 * test_hour;

inline PlacementPartition partition_for_test(std::string kind, std::int64_t gpus) {
    PlacementPartition partition{.id = kind, .accelerator = kind, .gpus_total = gpus};
    partition.memory_per_gpu_mib = 65536;
    partition.containers = {"sif"};
    partition.longest_ms = 48 * test_hour;
    partition.capacity = {{0, gpus}};
    partition.watts_per_gpu = 500;
    partition.carbon_g_per_kwh = 100;
    return partition;
}

// One law class "any" that allows every site of the round.
inline void allow_all(PlacementRound& round) {
    LawClass law{"any", {}};
    for (const PlacementSite& site : round.sites) law.verdicts.push_back({site.id, true, Filter::law, ""});
    round.law = {law};
}

inline Workload workload_for_test(std::string id, std::int64_t gpus, std::int64_t hours = 1) {
    Workload workload{.id = std::move(id), .law_class = "any", .owner = "ju", .gpus = gpus};
    workload.duration_ms = hours * test_hour;
    workload.rates = {{"h100", 1000}, {"mi250", 500}};
    workload.container = "sif";
    workload.submitted_ms = test_now - test_hour;
    return workload;
}

// Two sites: alpha with 8 H100 and 16 MI250, beta with 4 H100.
inline PlacementRound two_sites() {
    PlacementRound round;
    round.now_ms = test_now;
    round.sites.push_back({.id = "alpha", .country = "fi"});
    round.sites.back().partitions = {partition_for_test("h100", 8), partition_for_test("mi250", 16)};
    round.sites.push_back({.id = "beta", .country = "it"});
    round.sites.back().partitions = {partition_for_test("h100", 4)};
    allow_all(round);
    return round;
}

struct RandomRound {
    std::size_t workloads = 12;
    std::size_t sites = 4;
    bool shares = false;   // every site wholly owned, by an owner each
    bool classes = false;  // else all are production
    bool several = false;  // some workloads want several sites
};

class RandomRounds {
  public:
    RandomRounds(std::uint64_t seed, RandomRound of) : random_(seed), of_(of) {}

    PlacementRound make() {
        PlacementRound round;
        round.now_ms = test_now;
        for (std::size_t s = 0; s < of_.sites; ++s) round.sites.push_back(site(s));
        for (int l = 0; l < 3; ++l) round.law.push_back(law(l));
        round.budgets = {{"tight", 20'000}, {"wide", 1'000'000'000}};
        for (std::size_t w = 0; w < of_.workloads; ++w) round.workloads.push_back(workload(w));
        return round;
    }

  private:
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most - least + 1)));
    }
    bool chance(double odds) { return random_.uniform() < odds; }

    PlacementSite site(std::size_t number) {
        PlacementSite site{.id = fmt::format("site{}", number), .country = "eu"};
        for (const char* kind : {"h100", "mi250"}) {
            PlacementPartition partition = partition_for_test(kind, between(4, 24));
            partition.gpus_per_node = std::int64_t{1} << between(0, 2);
            const std::int64_t total = partition.gpus_total;
            partition.capacity = {{0, between(0, total)}, {test_now + between(1, 5) * test_hour, total}};
            if (chance(0.2)) partition.maintenance = {{test_now + 10 * test_hour, test_now + 12 * test_hour}};
            if (chance(0.3)) partition.queue = {.median_ms = test_hour, .p90_ms = between(1, 5) * test_hour};
            partition.price_milli_euro_per_gpu_hour = between(500, 3000);
            site.partitions.push_back(partition);
        }
        if (of_.shares) site.shares = {{fmt::format("owner{}", number), 1000}};
        return site;
    }

    LawClass law(int number) {
        LawClass law{fmt::format("law{}", number), {}};
        for (std::size_t s = 0; s < of_.sites; ++s) {
            law.verdicts.push_back({fmt::format("site{}", s), chance(0.7), Filter::residency, "stay-home"});
        }
        return law;
    }

    Workload workload(std::size_t number) {
        Workload workload = workload_for_test(fmt::format("w{:03}", number), std::int64_t{1} << between(0, 3),
                                              between(1, 20));
        workload.law_class = fmt::format("law{}", between(0, 2));
        workload.owner = fmt::format("owner{}", random_.below(of_.sites));
        workload.submitted_ms = test_now - between(0, 100) * test_hour;
        workload.budget = chance(0.2) ? "tight" : "wide";
        workload.rates = {{"h100", between(500, 2000)}, {"mi250", chance(0.7) ? between(300, 1500) : 0}};
        if (of_.classes) workload.work_class = static_cast<WorkClass>(between(0, 4));
        if (chance(0.3)) workload.data = {{"set", "site0", between(0, 1LL << 40)}};
        if (chance(0.2)) workload.preferred_sites = {"site1", "site2", "site0"};
        if (chance(0.2)) workload.deadline_ms = test_now + 8 * test_hour;
        if (of_.several && chance(0.4))
            workload.multi = {.sites = 3, .quorum = 2, .forbidden_pairs = {{"site0", "site1"}}};
        return workload;
    }

    Random random_;
    RandomRound of_;
};

template <class T>
void shuffle_for_test(std::vector<T>& list, Random& random) {
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(i)]);
}

}  // namespace euromesh::federation
