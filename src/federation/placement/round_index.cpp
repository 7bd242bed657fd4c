#include "federation/placement/round_index.hpp"

#include <algorithm>

#include "federation/placement/fair_share.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t ms_per_hour = 3'600'000;
constexpr std::int64_t most_hold = 2'000'000'000'000'000;
constexpr std::int64_t most_transfer_ms = 4'000'000'000'000;

template <class T>
std::vector<const T*> sorted_by_id(const std::vector<T>& list) {
    std::vector<const T*> pointers;
    pointers.reserve(list.size());
    for (const T& entry : list) pointers.push_back(&entry);
    const auto by_id = [](const T* a, const T* b) { return a->id < b->id; };
    if (!std::is_sorted(pointers.begin(), pointers.end(), by_id)) {
        std::sort(pointers.begin(), pointers.end(), by_id);
    }
    return pointers;
}

std::int64_t gpus_taken(std::int64_t wanted, std::int64_t per_node) {
    if (wanted <= per_node) return wanted;
    return (wanted + per_node - 1) / per_node * per_node;
}

bool runs_container(const PlacementPartition& partition, const std::string& container) {
    const auto& kinds = partition.containers;
    return container.empty() || std::find(kinds.begin(), kinds.end(), container) != kinds.end();
}

}  // namespace

RoundIndex::RoundIndex(const PlacementRound& round)
    : round_(&round), workloads_(sorted_by_id(round.workloads)), sites_(sorted_by_id(round.sites)) {
    index_sites();
    index_names();
}

void RoundIndex::index_sites() {
    for (std::uint32_t number = 0; number < sites_.size(); ++number) {
        const PlacementSite& site = *sites_[number];
        site_numbers_.emplace(site.id, number);
        for (const PlacementPartition* partition : sorted_by_id(site.partitions)) {
            const auto kind = kinds_.emplace(partition->accelerator, kinds_.size()).first->second;
            partitions_.push_back(
                {&site, partition, number, kind, static_cast<std::uint32_t>(capacity_.size()),
                 capacity_slots(*partition, round_->now_ms, round_->policy.starts_per_partition)});
            const std::vector<std::int64_t>& gpus = partitions_.back().slots.gpus;
            capacity_.insert(capacity_.end(), gpus.begin(), gpus.end());
        }
    }
}

void RoundIndex::index_names() {
    for (const Budget* budget : sorted_by_id(round_->budgets)) {
        budgets_.emplace(budget->id, static_cast<std::uint32_t>(capacity_.size()));
        capacity_.push_back(budget->left_mgpuh);
    }
    for (const LawClass& law : round_->law) {
        std::vector<const SiteVerdict*>& by_site = verdicts_[law.id];
        by_site.resize(sites_.size(), nullptr);
        for (const SiteVerdict& verdict : law.verdicts) {
            const auto number = site_numbers_.find(verdict.site);
            if (number == site_numbers_.end()) continue;
            // Said twice: the stricter one counts, whatever the order.
            const SiteVerdict*& known = by_site[number->second];
            if (known == nullptr || known->allowed) known = &verdict;
        }
    }
    no_debts_.resize(sites_.size(), 0);
    for (const SiteUse& use : round_->use) {
        std::vector<std::int64_t>& debts = debts_[use.owner];
        if (!debts.empty()) continue;
        for (const PlacementSite* site : sites_) {
            debts.push_back(share_debt_permille(*site, use.owner, round_->use));
        }
    }
}

const std::vector<std::int64_t>& RoundIndex::debts_of(const std::string& owner) const {
    const auto found = debts_.find(owner);
    return found == debts_.end() ? no_debts_ : found->second;
}

WorkloadFacts RoundIndex::facts_of(const Workload& workload) const {
    WorkloadFacts facts{
        &workload, std::vector<std::int64_t>(kinds_.size(), 0), std::vector<SiteFacts>(sites_.size()), {}, 0};
    for (const AcceleratorRate& rate : workload.rates) {
        const auto kind = kinds_.find(rate.accelerator);
        if (kind == kinds_.end()) continue;
        std::int64_t& known = facts.rate_by_kind[kind->second];
        known = known == 0 ? rate.permille : std::min(known, rate.permille);
    }
    const auto law = verdicts_.find(workload.law_class);
    const std::vector<std::int64_t>& debts = debts_of(workload.owner);
    for (std::size_t s = 0; s < sites_.size(); ++s) {
        if (law != verdicts_.end()) facts.sites[s].verdict = law->second[s];
        facts.sites[s].share_debt_permille = debts[s];
        facts.sites[s].wanted = workload.preferred_sites.empty();
    }
    prefer(workload, facts);
    for (const DataSet& set : workload.data) add_transfer(set, facts);
    facts.budget = budget_of(workload);
    if (facts.budget) facts.budget_left_mgpuh = capacity_[*facts.budget];
    return facts;
}

std::optional<std::uint32_t> RoundIndex::budget_of(const Workload& workload) const {
    const auto budget = budgets_.find(workload.budget);
    if (budget == budgets_.end()) return std::nullopt;
    return budget->second;
}

// Last to first: a site that is named twice has its better place.
void RoundIndex::prefer(const Workload& workload, WorkloadFacts& facts) const {
    for (std::size_t rank = workload.preferred_sites.size(); rank-- > 0;) {
        const auto site = site_numbers_.find(workload.preferred_sites[rank]);
        if (site == site_numbers_.end()) continue;
        facts.sites[site->second].wanted = true;
        facts.sites[site->second].preference_rank = static_cast<std::int64_t>(rank);
    }
}

void RoundIndex::add_transfer(const DataSet& set, WorkloadFacts& facts) const {
    const auto from = site_numbers_.find(set.site);
    const bool inside = from != site_numbers_.end();
    for (std::uint32_t s = 0; s < sites_.size(); ++s) {
        if (inside && from->second == s) continue;
        std::int64_t rate = sites_[s]->wan_bytes_per_ms;
        if (inside) rate = std::min(rate, sites_[from->second]->wan_bytes_per_ms);
        std::int64_t& sum = facts.sites[s].transfer_ms;
        sum = std::min(most_transfer_ms, sum + set.bytes / rate);
    }
}

Judgement RoundIndex::judge(const WorkloadFacts& facts, const IndexedPartition& at) const {
    const SiteFacts& site = facts.sites[at.site_number];
    if (site.verdict == nullptr) return {.rejected = Filter::law};
    if (!site.verdict->allowed) return {.rejected = site.verdict->filter};
    const std::int64_t rate = facts.rate_by_kind[at.kind];
    if (rate == 0) return {.rejected = Filter::hardware};
    Judgement judgement;
    judgement.gpus = gpus_taken(facts.workload->gpus, at.partition->gpus_per_node);
    judgement.run_ms = run_time_ms(facts.workload->duration_ms, rate);
    judgement.hold_mgpuh = scaled_up(judgement.gpus * 1000, judgement.run_ms, ms_per_hour, most_hold);
    judgement.rejected = unfit(facts, at, judgement);
    return judgement;
}

std::optional<Filter> RoundIndex::unfit(const WorkloadFacts& facts, const IndexedPartition& at,
                                        const Judgement& judgement) const {
    const Workload& workload = *facts.workload;
    const PlacementPartition& partition = *at.partition;
    const bool pays = !workload.budget.empty();
    if (pays && judgement.hold_mgpuh > facts.budget_left_mgpuh) return Filter::allocation;
    if (judgement.gpus > partition.gpus_total) return Filter::hardware;
    if (workload.memory_per_gpu_mib > partition.memory_per_gpu_mib) return Filter::memory;
    if (!runs_container(partition, workload.container)) return Filter::container;
    if (judgement.run_ms > partition.longest_ms) return Filter::duration;
    bool any = false;
    for (std::size_t slot = 0; slot < at.slots.size() && !any; ++slot)
        any = clear(at, slot, judgement.run_ms);
    if (!any) return Filter::maintenance;
    if (!facts.sites[at.site_number].wanted) return Filter::preference;
    return std::nullopt;
}

bool RoundIndex::clear(const IndexedPartition& at, std::size_t slot, std::int64_t run_ms) const {
    if (at.partition->maintenance.empty()) return true;
    const std::int64_t from = at.slots.from_ms[slot];
    return clear_of_maintenance(*at.partition, from + at.partition->queue.median_ms,
                                from + at.partition->queue.p90_ms, run_ms);
}

std::string rejection_text(const WorkloadFacts& facts, const IndexedPartition& at,
                           const Judgement& judgement) {
    const Workload& workload = *facts.workload;
    const PlacementPartition& partition = *at.partition;
    const SiteVerdict* verdict = facts.sites[at.site_number].verdict;
    if (verdict == nullptr) return "no verdict";
    if (!verdict->allowed) return verdict->rule;
    switch (*judgement.rejected) {
        case Filter::allocation:
            return fmt::format("budget '{}' has {} milli-GPU-hours left of {}", workload.budget,
                               facts.budget_left_mgpuh, judgement.hold_mgpuh);
        case Filter::memory:
            return fmt::format("{} MiB a GPU of {}", partition.memory_per_gpu_mib,
                               workload.memory_per_gpu_mib);
        case Filter::container:
            return fmt::format("does not run '{}' images", workload.container);
        case Filter::duration:
            return fmt::format("at most {} ms of {}", partition.longest_ms, judgement.run_ms);
        case Filter::maintenance:
            return "no start is clear of maintenance";
        case Filter::preference:
            return "not among the preferred sites";
        default:
            break;
    }
    if (judgement.run_ms == 0) return fmt::format("no measured rate on '{}'", partition.accelerator);
    return fmt::format("{} GPUs of {}", partition.gpus_total, judgement.gpus);
}

}  // namespace euromesh::federation
