#include "federation/core/displace.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

constexpr std::int64_t most_asked = 5'000;  // of the rules, in one round

std::int64_t done_ms(const ClaimRecord& claim, std::int64_t now_ms) {
    return claim.started_ms > 0 ? std::max<std::int64_t>(0, now_ms - claim.started_ms) : 0;
}

bool is_allowed_at(const PlacementRound& round, const std::string& law_class, const std::string& site) {
    const auto law = std::find_if(round.law.begin(), round.law.end(),
                                  [&](const LawClass& one) { return one.id == law_class; });
    if (law == round.law.end()) return false;
    return std::any_of(law->verdicts.begin(), law->verdicts.end(),
                       [&](const SiteVerdict& v) { return v.site == site && v.allowed; });
}

}  // namespace

Displacer::Displacer(const Tables& tables, const RoundBuilder& builder, std::int64_t now_ms)
    : tables_(tables), builder_(builder), now_ms_(now_ms) {
    room_ = builder.round();
    room_.workloads.clear();
}

// Where its run has given way already, or is ending, nothing more is to be had.
bool Displacer::may_give_way(const ClaimRecord& claim, const JobRecord& job) const {
    return !claim.cancelling && !job.cancelling && !job.giving_up && job.displaced < most_displacements &&
           gone_.count(job.id) == 0;
}

void Displacer::add_site(const JobRecord& urgent, const Workload& workload, const std::string& site,
                         std::vector<RunningClaim>& running) {
    const bool cpu_only = urgent.spec->gpus_per_site() == 0;
    for (const std::string& id : tables_.open_claims(site)) {
        const ClaimRecord& claim = *tables_.claim(id);
        const JobRecord& job = *tables_.job(claim.job);
        const WorkClass work_class = work_class_from(job.spec->job_class).value_or(WorkClass::production);
        if (work_class <= workload.work_class || !may_give_way(claim, job) || asked_ >= most_asked) continue;
        if (!cpu_only && claim.gpus == 0) continue;
        asked_ += 1;
        const LawAnswer law = builder_.may_displace(urgent, job, claim);
        if (!law.allowed) continue;
        permit_[id] = law.rule;
        running.push_back({id, job.id, site, cpu_only ? cpu_partition(claim.partition) : claim.partition,
                           work_class, cpu_only ? 1 : claim.gpus, now_ms_ - done_ms(claim, now_ms_),
                           expected_end_ms(claim, now_ms_), true});
    }
}

std::vector<RunningClaim> Displacer::running_for(const JobRecord& urgent, const Workload& workload) {
    std::vector<RunningClaim> running;
    permit_.clear();
    for (const PlacementSite& site : room_.sites)
        if (is_allowed_at(room_, workload.law_class, site.id)) add_site(urgent, workload, site.id, running);
    return running;
}

Result<std::optional<Displacement>> Displacer::displace_for(const JobRecord& urgent) {
    const auto& all = builder_.round().workloads;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Workload& one) { return one.id == urgent.id; });
    const bool may_ask =
        found != all.end() && found->work_class <= WorkClass::service && found->multi.sites == 0;
    if (!may_ask) return std::optional<Displacement>{};
    const std::vector<RunningClaim> running = running_for(urgent, *found);
    if (running.empty()) return std::optional<Displacement>{};
    room_.workloads = {*found};
    EM_ASSIGN(const std::optional<Preemption> preemption, preemption_for(room_, urgent.id, running, {}));
    if (!preemption) return std::optional<Displacement>{};
    Displacement displacement{preemption->claim, {}, preemption->why};
    for (const std::string& id : preemption->claims) {
        const ClaimRecord& claim = *tables_.claim(id);
        displacement.displaced.push_back(
            {id, permit_.at(id), milli_gpu_hours(claim.gpus, done_ms(claim, now_ms_))});
        gone_.insert(claim.job);
    }
    note(displacement.claim);
    return displacement;
}

}  // namespace euromesh::federation
