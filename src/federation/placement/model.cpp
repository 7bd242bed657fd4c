#include "federation/placement/model.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace euromesh::federation {
namespace {

constexpr std::array<std::string_view, work_classes> class_names{"emergency", "service", "production",
                                                                 "development", "scavenger"};
constexpr std::array<std::string_view, 10> filter_names{
    "law",    "residency", "eligibility", "allocation",  "hardware",
    "memory", "container", "duration",    "maintenance", "preference"};
constexpr std::int64_t most_weight_micro = 1'000'000'000'000'000;
constexpr std::int64_t most_amount = 1'000'000'000'000'000;
constexpr std::size_t most_listed = 4096;  // entries of a list inside a site or workload

bool in_range(std::int64_t value, std::int64_t least, std::int64_t most) {
    return value >= least && value <= most;
}

Status check_range(std::int64_t value, std::int64_t least, std::int64_t most, const std::string& where,
                   std::string_view what) {
    if (in_range(value, least, most)) return {};
    return fail(Code::bad_input, "{}: {} is {}: use {} to {}", where, what, value, least, most);
}

Status check_windows(const PlacementPartition& partition, const std::string& where) {
    for (const TimeWindow& window : partition.maintenance) {
        EM_TRY(check_range(window.from_ms, 0, placement_most_ms, where, "start of a maintenance window"));
        EM_TRY(check_range(window.until_ms, window.from_ms, placement_most_ms, where,
                           "end of a maintenance window"));
    }
    return {};
}

Status check_capacity(const PlacementPartition& partition, const std::string& where) {
    std::int64_t least = 0;
    for (const CapacityStep& step : partition.capacity) {
        EM_TRY(check_range(step.from_ms, least, placement_most_ms, where, "from_ms of a capacity step"));
        EM_TRY(check_range(step.gpus_free, 0, partition.gpus_total, where, "gpus_free of a capacity step"));
        least = step.from_ms + 1;
    }
    EM_TRY(check_range(partition.queue.median_ms, 0, placement_most_ms, where, "median wait"));
    return check_range(partition.queue.p90_ms, partition.queue.median_ms, placement_most_ms, where,
                       "p90 wait");
}

Status check_partition(const PlacementPartition& partition, const std::string& where) {
    EM_TRY(check_range(partition.gpus_total, 0, placement_most_gpus, where, "gpus_total"));
    EM_TRY(check_range(partition.gpus_per_node, 1, placement_most_gpus, where, "gpus_per_node"));
    EM_TRY(check_range(partition.longest_ms, 0, placement_most_ms, where, "longest_ms"));
    EM_TRY(check_range(partition.memory_per_gpu_mib, 0, most_amount, where, "memory_per_gpu_mib"));
    EM_TRY(check_range(partition.watts_per_gpu, 0, 1'000'000, where, "watts_per_gpu"));
    EM_TRY(check_range(partition.carbon_g_per_kwh, 0, 1'000'000, where, "carbon_g_per_kwh"));
    EM_TRY(check_range(partition.price_milli_euro_per_gpu_hour, 0, 1'000'000'000, where, "price"));
    if (partition.maintenance.size() > most_listed || partition.capacity.size() > most_listed) {
        return fail(Code::bad_input, "{}: more than {} windows or capacity steps", where, most_listed);
    }
    EM_TRY(check_windows(partition, where));
    return check_capacity(partition, where);
}

template <class List>
Status check_unique(const List& list, std::string_view what) {
    std::set<std::string_view> seen;
    for (const auto& entry : list) {
        if (entry.id.empty()) return fail(Code::bad_input, "a {} without an id: give it one", what);
        if (!seen.insert(entry.id).second) {
            return fail(Code::bad_input, "{} '{}' is there twice: use each id once", what, entry.id);
        }
    }
    return {};
}

Status check_shares(const PlacementSite& site, const std::string& where) {
    std::int64_t together = 0;
    std::set<std::string_view> seen;
    for (const OwnedShare& share : site.shares) {
        EM_TRY(check_range(share.permille, 0, 1000, where, "a share in thousandths"));
        together += share.permille;
        if (!seen.insert(share.owner).second) {
            return fail(Code::bad_input, "{}: two shares of '{}': add them up", where, share.owner);
        }
    }
    return check_range(together, 0, 1000, where, "the sum of all shares");
}

Status check_sites(const PlacementRound& round) {
    EM_TRY(check_unique(round.sites, "site"));
    std::size_t partitions = 0;
    for (const PlacementSite& site : round.sites) {
        const std::string where = "site '" + site.id + "'";
        EM_TRY(check_unique(site.partitions, "partition of " + where));
        EM_TRY(check_range(site.wan_bytes_per_ms, 1, most_amount, where, "wan_bytes_per_ms"));
        EM_TRY(check_shares(site, where));
        for (const PlacementPartition& partition : site.partitions) {
            EM_TRY(check_partition(partition, where + ", partition '" + partition.id + "'"));
        }
        partitions += site.partitions.size();
    }
    if (partitions > placement_most_partitions) {
        return fail(Code::bad_input, "{} partitions: a round takes {}", partitions,
                    placement_most_partitions);
    }
    return {};
}

Status check_multi(const Workload& workload, const std::string& where) {
    if (workload.multi.sites == 0) return {};
    EM_TRY(check_range(workload.multi.sites, 1, placement_most_sites, where, "sites wanted"));
    EM_TRY(check_range(workload.multi.quorum, 1, workload.multi.sites, where, "quorum"));
    if (workload.multi.forbidden_pairs.size() > most_listed) {
        return fail(Code::bad_input, "{}: more than {} forbidden pairs", where, most_listed);
    }
    return {};
}

Status check_workload(const Workload& workload) {
    const std::string where = "workload '" + workload.id + "'";
    EM_TRY(check_range(workload.gpus, 1, placement_most_gpus, where, "gpus"));
    EM_TRY(check_range(workload.memory_per_gpu_mib, 0, most_amount, where, "memory_per_gpu_mib"));
    EM_TRY(check_range(workload.duration_ms, 1, placement_most_ms, where, "duration_ms"));
    EM_TRY(check_range(workload.submitted_ms, 0, placement_most_ms, where, "submitted_ms"));
    if (workload.deadline_ms) {
        EM_TRY(check_range(*workload.deadline_ms, 0, placement_most_ms, where, "deadline_ms"));
    }
    if (std::max({workload.rates.size(), workload.data.size(), workload.preferred_sites.size()}) >
        most_listed) {
        return fail(Code::bad_input, "{}: a list of more than {} entries", where, most_listed);
    }
    for (const AcceleratorRate& rate : workload.rates) {
        EM_TRY(check_range(rate.permille, 0, 1'000'000, where, "rate of '" + rate.accelerator + "'"));
    }
    for (const DataSet& set : workload.data) {
        EM_TRY(check_range(set.bytes, 0, most_amount, where, "bytes of data set '" + set.id + "'"));
    }
    return check_multi(workload, where);
}

Status check_workloads(const PlacementRound& round) {
    if (round.workloads.size() > placement_most_workloads) {
        return fail(Code::bad_input, "{} workloads: a round takes {}", round.workloads.size(),
                    placement_most_workloads);
    }
    std::vector<std::string_view> ids;
    ids.reserve(round.workloads.size());
    for (const Workload& workload : round.workloads) {
        ids.push_back(workload.id);
        EM_TRY(check_workload(workload));
    }
    std::sort(ids.begin(), ids.end());
    const auto twice = std::adjacent_find(ids.begin(), ids.end());
    if (twice != ids.end()) {
        return fail(Code::bad_input, "workload '{}' is there twice: use each id once", *twice);
    }
    return {};
}

Status check_accounts(const PlacementRound& round) {
    EM_TRY(check_unique(round.law, "law class"));
    EM_TRY(check_unique(round.budgets, "budget"));
    EM_TRY(check_unique(round.owners, "owner"));
    for (const Budget& budget : round.budgets) {
        EM_TRY(check_range(budget.left_mgpuh, 0, most_amount, "budget '" + budget.id + "'", "what is left"));
    }
    for (const ShareOwner& owner : round.owners) {
        const std::string where = "owner '" + owner.id + "'";
        EM_TRY(check_range(owner.weight, 1, 1'000'000'000, where, "weight"));
        EM_TRY(check_range(owner.decayed_use_mgpuh, 0, most_amount, where, "decayed use"));
    }
    for (const SiteUse& use : round.use) {
        EM_TRY(check_range(use.decayed_mgpuh, 0, most_amount, "use of site '" + use.site + "'", "an amount"));
    }
    return {};
}

Status check_policy(const PlacementPolicy& policy) {
    const std::string where = "placement policy";
    for (const std::int64_t weight :
         {policy.start_micro, policy.band_micro, policy.run_micro, policy.energy_micro, policy.carbon_micro,
          policy.price_micro, policy.transfer_micro, policy.share_debt_micro, policy.preference_micro,
          policy.lateness_micro}) {
        EM_TRY(check_range(weight, 0, most_weight_micro, where, "a weight"));
    }
    EM_TRY(check_range(policy.wait_ms, 1000, 10'000'000'000, where, "wait_ms"));
    EM_TRY(check_range(policy.together_ms, 0, placement_most_ms, where, "together_ms"));
    EM_TRY(check_range(policy.missing_site_ms, 0, 10'000'000'000, where, "missing_site_ms"));
    EM_TRY(check_range(policy.starts_per_partition, 1, 64, where, "starts_per_partition"));
    EM_TRY(check_range(policy.options_per_shape, 1, 1'000'000, where, "options_per_shape"));
    EM_TRY(check_range(policy.improvement_passes, 0, 1000, where, "improvement_passes"));
    return check_range(policy.exact_nodes, 0, 1'000'000'000, where, "exact_nodes");
}

}  // namespace

std::string_view name_of(WorkClass work_class) {
    return class_names.at(static_cast<std::size_t>(work_class));
}

std::string_view name_of(Filter filter) {
    return filter_names.at(static_cast<std::size_t>(filter));
}

Result<WorkClass> work_class_from(std::string_view name) {
    const auto found = std::find(class_names.begin(), class_names.end(), name);
    if (found == class_names.end()) {
        return fail(Code::bad_input,
                    "class '{}': use emergency, service, production, development or scavenger",
                    name.substr(0, 80));
    }
    return static_cast<WorkClass>(found - class_names.begin());
}

Status check(const PlacementRound& round) {
    EM_TRY(check_range(round.now_ms, 0, placement_most_ms, "round", "now_ms"));
    EM_TRY(check_policy(round.policy));
    EM_TRY(check_sites(round));
    EM_TRY(check_workloads(round));
    return check_accounts(round);
}

}  // namespace euromesh::federation
