// A round in the form in which the planner reads it: sorted, with numbers for names, filters and facts at
// hand.
//
// Whatever order the round's lists have, the index is the same. It points into the round, which must outlive
// it. Read-only after construction: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "federation/placement/capacity.hpp"
#include "federation/placement/model.hpp"
#include "federation/placement/score.hpp"

namespace euromesh::federation {

struct IndexedPartition {
    const PlacementSite* site = nullptr;
    const PlacementPartition* partition = nullptr;
    std::uint32_t site_number = 0;
    std::uint32_t kind = 0;            // of accelerator
    std::uint32_t first_resource = 0;  // of its slots
    CapacitySlots slots{};
};

// What a workload meets at a site.
struct SiteFacts {
    const SiteVerdict* verdict = nullptr;  // null: nobody gave one
    bool wanted = true;                    // by its preferences
    std::int64_t preference_rank = 0;
    std::int64_t transfer_ms = 0;
    std::int64_t share_debt_permille = 0;
};

struct WorkloadFacts {
    const Workload* workload = nullptr;
    std::vector<std::int64_t> rate_by_kind{};
    std::vector<SiteFacts> sites{};         // by site number
    std::optional<std::uint32_t> budget{};  // resource
    std::int64_t budget_left_mgpuh = 0;
};

// Whether a workload may run at a partition at all, and what it takes there.
struct Judgement {
    std::optional<Filter> rejected{};
    std::int64_t gpus = 0;  // taken: whole nodes when it needs more than one
    std::int64_t run_ms = 0;
    std::int64_t hold_mgpuh = 0;
};

class RoundIndex {
  public:
    explicit RoundIndex(const PlacementRound& round);

    const PlacementRound& round() const { return *round_; }
    const std::vector<const Workload*>& workloads() const { return workloads_; }     // by id
    const std::vector<IndexedPartition>& partitions() const { return partitions_; }  // by site id, then id
    const std::vector<const PlacementSite*>& sites() const { return sites_; }
    // Free GPUs of each partition's slots, then what is left of each budget.
    const std::vector<std::int64_t>& capacity() const { return capacity_; }

    std::optional<std::uint32_t> budget_of(const Workload& workload) const;  // resource
    WorkloadFacts facts_of(const Workload& workload) const;
    Judgement judge(const WorkloadFacts& facts, const IndexedPartition& at) const;
    // A start in this slot touches no maintenance window, wherever in its band it comes to lie.
    bool clear(const IndexedPartition& at, std::size_t slot, std::int64_t run_ms) const;
    std::int64_t start_ms(const IndexedPartition& at, std::size_t slot) const {
        return at.slots.from_ms[slot] + at.partition->queue.median_ms;
    }

  private:
    void index_sites();
    void index_names();
    void prefer(const Workload& workload, WorkloadFacts& facts) const;
    void add_transfer(const DataSet& set, WorkloadFacts& facts) const;
    std::optional<Filter> unfit(const WorkloadFacts& facts, const IndexedPartition& at,
                                const Judgement& judgement) const;
    const std::vector<std::int64_t>& debts_of(const std::string& owner) const;

    const PlacementRound* round_;
    std::vector<const Workload*> workloads_{};
    std::vector<const PlacementSite*> sites_{};
    std::vector<IndexedPartition> partitions_{};
    std::vector<std::int64_t> capacity_{};
    std::unordered_map<std::string_view, std::uint32_t> kinds_{};
    std::unordered_map<std::string_view, std::uint32_t> site_numbers_{};
    std::unordered_map<std::string_view, std::uint32_t> budgets_{};
    std::unordered_map<std::string_view, std::vector<const SiteVerdict*>> verdicts_{};
    std::unordered_map<std::string_view, std::vector<std::int64_t>> debts_{};
    std::vector<std::int64_t> no_debts_{};
};

// In words: which rule, or what is missing. For a judgement that rejects.
std::string rejection_text(const WorkloadFacts& facts, const IndexedPartition& at,
                           const Judgement& judgement);

}  // namespace euromesh::federation
