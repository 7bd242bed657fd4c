#include "federation/placement/preemption.hpp"

#include <algorithm>
#include <tuple>

#include "federation/placement/round_index.hpp"

namespace euromesh::federation {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& entry) {
    return std::find(list.begin(), list.end(), entry) != list.end();
}

bool may_ask(const Workload& workload) {
    return workload.multi.sites == 0 && workload.work_class <= WorkClass::service;
}

std::int64_t lost_gpu_ms(const RunningClaim& claim, std::int64_t now_ms) {
    return scaled(claim.gpus, std::max<std::int64_t>(0, now_ms - claim.saved_ms), 1,
                  1'000'000'000'000'000'000);
}

class Gate {
  public:
    Gate(const RoundIndex& index, const Workload& workload, const std::vector<RunningClaim>& running,
         const std::vector<std::string>& already)
        : index_(index),
          workload_(workload),
          facts_(index.facts_of(workload)),
          running_(running),
          already_(already) {}

    bool has_room_without() const {
        return std::any_of(index_.partitions().begin(), index_.partitions().end(),
                           [this](const IndexedPartition& at) {
                               const Judgement judgement = index_.judge(facts_, at);
                               return !judgement.rejected && starts_now(at, judgement, judgement.gpus);
                           });
    }

    std::optional<Preemption> choose() const {
        std::optional<Preemption> best;
        for (const IndexedPartition& at : index_.partitions()) {
            std::optional<Preemption> found = at_partition(at);
            if (found && (!best || found->lost_gpu_ms < best->lost_gpu_ms)) best = std::move(found);
        }
        return best;
    }

  private:
    bool starts_now(const IndexedPartition& at, const Judgement& judgement, std::int64_t gpus) const {
        return index_.clear(at, 0, judgement.run_ms) && at.slots.fits(0, judgement.run_ms, gpus);
    }

    std::vector<const RunningClaim*> victims_at(const IndexedPartition& at) const {
        std::vector<const RunningClaim*> victims;
        for (const RunningClaim& claim : running_) {
            const bool here = claim.site == at.site->id && claim.partition == at.partition->id;
            const bool later = claim.work_class > workload_.work_class;
            if (here && later && claim.preemptible && !contains(already_, claim.workload))
                victims.push_back(&claim);
        }
        const std::int64_t now = index_.round().now_ms;
        std::sort(victims.begin(), victims.end(), [now](const RunningClaim* a, const RunningClaim* b) {
            return std::tuple(b->work_class, lost_gpu_ms(*a, now), a->id) <
                   std::tuple(a->work_class, lost_gpu_ms(*b, now), b->id);
        });
        return victims;
    }

    // Whether it fits once these have gone. A claim that would have ended by then frees nothing more.
    bool enough(const IndexedPartition& at, const Judgement& judgement,
                const std::vector<const RunningClaim*>& taken) const {
        const std::size_t end = at.slots.end_slot(0, judgement.run_ms);
        for (std::size_t slot = 0; slot < end; ++slot) {
            std::int64_t free = at.slots.gpus[slot];
            for (const RunningClaim* claim : taken)
                free += claim->end_ms > at.slots.from_ms[slot] ? claim->gpus : 0;
            if (free < judgement.gpus) return false;
        }
        return true;
    }

    std::optional<Preemption> at_partition(const IndexedPartition& at) const {
        const Judgement judgement = index_.judge(facts_, at);
        if (judgement.rejected || !index_.clear(at, 0, judgement.run_ms)) return std::nullopt;
        std::vector<const RunningClaim*> taken;
        for (const RunningClaim* claim : victims_at(at)) {
            if (enough(at, judgement, taken)) break;
            taken.push_back(claim);
        }
        if (taken.empty() || !enough(at, judgement, taken)) return std::nullopt;
        spare(at, judgement, taken);
        return preemption_of(at, judgement, taken);
    }

    // Those whose place turns out not to be needed keep it, the earliest classes and largest losses first.
    void spare(const IndexedPartition& at, const Judgement& judgement,
               std::vector<const RunningClaim*>& taken) const {
        for (std::size_t i = taken.size(); i-- > 0;) {
            const RunningClaim* claim = taken[i];
            taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(i));
            if (!enough(at, judgement, taken))
                taken.insert(taken.begin() + static_cast<std::ptrdiff_t>(i), claim);
        }
    }

    Preemption preemption_of(const IndexedPartition& at, const Judgement& judgement,
                             const std::vector<const RunningClaim*>& taken) const {
        Preemption preemption{at.site->id, at.partition->id, workload_.id, {}, 0, 0, {}, {}};
        for (const RunningClaim* claim : taken) {
            preemption.claims.push_back(claim->id);
            preemption.freed_gpus += claim->gpus;
            preemption.lost_gpu_ms += lost_gpu_ms(*claim, index_.round().now_ms);
        }
        preemption.why =
            fmt::format("{} work '{}' needs {} GPUs, {} are free at {}/{}: {} claims of later classes end",
                        name_of(workload_.work_class), workload_.id, judgement.gpus, at.slots.gpus.front(),
                        at.site->id, at.partition->id, taken.size());
        preemption.claim = claim_at(at, judgement);
        return preemption;
    }

    PlannedClaim claim_at(const IndexedPartition& at, const Judgement& judgement) const {
        const PlacementPolicy& policy = index_.round().policy;
        const SiteFacts& site = facts_.sites[at.site_number];
        const PlaceFacts facts{judgement.run_ms, site.transfer_ms, site.share_debt_permille,
                               site.preference_rank};
        const std::int64_t start = index_.start_ms(at, 0);
        const ScoreTerms terms =
            score_terms_of(policy, *at.partition, facts, index_.round().now_ms, start, workload_.deadline_ms);
        const StartBand& queue = at.partition->queue;
        return {at.site->id,
                at.partition->id,
                judgement.gpus,
                start,
                start + queue.p90_ms - queue.median_ms,
                judgement.run_ms,
                judgement.hold_mgpuh,
                score_of(terms)};
    }

    const RoundIndex& index_;
    const Workload& workload_;
    WorkloadFacts facts_;
    const std::vector<RunningClaim>& running_;
    const std::vector<std::string>& already_;
};

// The same steps, cut at this moment; before the first step nothing is free.
void cut_at(std::vector<CapacityStep>& steps, std::int64_t moment_ms) {
    auto at =
        std::lower_bound(steps.begin(), steps.end(), moment_ms,
                         [](const CapacityStep& step, std::int64_t moment) { return step.from_ms < moment; });
    if (at == steps.begin() || (at != steps.end() && at->from_ms == moment_ms)) return;
    steps.insert(at, {moment_ms, std::prev(at)->gpus_free});
}

void occupy(PlacementPartition& partition, const PlannedClaim& claim) {
    const std::int64_t from = claim.start_ms - partition.queue.median_ms;
    const std::int64_t until = from + claim.run_ms;
    cut_at(partition.capacity, from);
    if (until < placement_most_ms) cut_at(partition.capacity, until);
    for (CapacityStep& step : partition.capacity)
        if (from <= step.from_ms && step.from_ms < until)
            step.gpus_free = std::max<std::int64_t>(0, step.gpus_free - claim.gpus);
}

}  // namespace

void occupy(PlacementRound& round, const PlannedClaim& claim) {
    for (PlacementSite& site : round.sites)
        for (PlacementPartition& partition : site.partitions)
            if (site.id == claim.site && partition.id == claim.partition) occupy(partition, claim);
}

Result<std::optional<Preemption>> preemption_for(
    const PlacementRound& round, const std::string& workload, const std::vector<RunningClaim>& running,
    const std::vector<std::string>& already_preempted_workloads) {
    EM_TRY(check(round));
    const auto found =
        std::find_if(round.workloads.begin(), round.workloads.end(),
                     [&workload](const Workload& candidate) { return candidate.id == workload; });
    if (found == round.workloads.end()) {
        return fail(Code::not_found, "workload '{}' is not in this round", workload.substr(0, 80));
    }
    if (!may_ask(*found)) return std::optional<Preemption>{};
    const RoundIndex index(round);
    const Gate gate(index, *found, running, already_preempted_workloads);
    if (gate.has_room_without()) return std::optional<Preemption>{};
    return gate.choose();
}

}  // namespace euromesh::federation
