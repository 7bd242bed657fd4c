// One placement round: which waiting jobs get claims now.
#include <algorithm>
#include <map>

#include "federation/core/decide.hpp"
#include "federation/core/displace.hpp"
#include "federation/core/explain.hpp"
#include "federation/core/round.hpp"
#include "federation/core/turns.hpp"

namespace euromesh::federation {
namespace {

// What bounds the time of one round, whatever waits.
constexpr std::int64_t most_asked = 20'000;  // of the rules
constexpr std::int64_t start_horizon_ms =
    600'000;  // a later start is decided in a later round, on better knowledge
constexpr std::size_t most_table_bytes = 128u << 10;
constexpr std::int64_t most_displacing = 16;  // urgent jobs for which others have to go

std::vector<SiteRulesDigest> site_digests(const Draft& draft, const PlannedWorkload& planned) {
    std::vector<SiteRulesDigest> digests;
    for (const PlannedClaim& claim : planned.claims) {
        const SiteRecord* site = draft.tables.site(claim.site);
        if (!site->rules_digest.empty()) digests.push_back({site->id, site->rules_digest});
    }
    return digests;
}

std::vector<ClaimDecided> decided_claims(const Draft& draft, const PlannedWorkload& planned, bool paid) {
    const std::string marker = draft.next_id("c");
    std::vector<ClaimDecided> claims;
    for (const PlannedClaim& claim : planned.claims) {
        const auto colon = claim.partition.find(':');
        const bool cpu = colon != std::string::npos;
        const std::int64_t gpus = cpu ? 0 : claim.gpus;
        claims.push_back({fmt::format("{}-{}", marker, claims.size()), claim.site,
                          claim.partition.substr(0, colon), gpus, claim.run_ms,
                          paid ? milli_gpu_hours(gpus, claim.run_ms) : 0, claim.start_ms, claim.start_p90_ms,
                          claim.score_ms});
    }
    return claims;
}

// Who is planned where in a round, by site and partition.
using Planned = std::map<std::pair<std::string, std::string>, std::vector<std::string>>;

Planned planned_where(const PlacementPlan& plan) {
    Planned all;
    for (const PlannedWorkload& one : plan.workloads)
        for (const PlannedClaim& claim : one.claims) all[{claim.site, claim.partition}].push_back(one.id);
    return all;
}

// Who reads the record sees why something that scored better was not taken: others of the round have it.
void tell_takers(Json& table, const PlannedWorkload& planned, const Planned& all) {
    constexpr std::size_t most_told = 3;
    if (planned.claims.size() != 1) return;
    for (Json& row : table) {
        const auto score = row.find("score_ms");
        if (score == row.end() || row["chosen"] == true || *score >= planned.claims.front().score_ms)
            continue;
        Json others = Json::array();
        const auto here = all.find({row["site"].get<std::string>(), row["partition"].get<std::string>()});
        if (here != all.end())
            for (const std::string& id : here->second)
                if (others.size() < most_told) others.push_back(id);
        row["given_to"] = std::move(others);
    }
}

class Round {
  public:
    Round(Draft& draft, std::int64_t most) : draft_(draft), builder_(draft.tables, draft.law, draft.now_ms) {
        const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(1, most));
        for (const std::int64_t number : next_jobs(draft.tables, draft.now_ms, wanted)) {
            builder_.add(*draft.tables.job(fmt::format("j{}", number)));
            if (builder_.asked() > most_asked) break;
        }
    }

    Answer decide() {
        EM_ASSIGN(const PlacementPlan plan, plan_placement(builder_.round()));
        const PlacementExplainer explainer(builder_.round());
        planned_ = planned_where(plan);
        std::int64_t decided = 0;
        Displacer displacer(draft_.tables, builder_, draft_.now_ms);
        std::vector<std::string> urgent;
        for (const PlannedWorkload& planned : plan.workloads) {
            if (planned.claims.empty() || !starts_soon(planned)) {
                urgent.push_back(planned.id);
                continue;
            }
            EM_ASSIGN(const bool added, add(explainer, planned, {}));
            decided += added ? 1 : 0;
            for (const PlannedClaim& claim : planned.claims) displacer.note(claim);
        }
        EM_ASSIGN(const std::int64_t displacing, displace(explainer, displacer, urgent));
        return Json{
            {"considered", plan.workloads.size()},
            {"decided", decided + displacing},
            {"displacing", displacing},
            {"waiting", static_cast<std::int64_t>(draft_.tables.waiting().size()) - decided - displacing},
            {"gap_ppm", plan.quality.gap_ppm()},
            {"proved", plan.quality.proved}};
    }

  private:
    bool starts_soon(const PlannedWorkload& planned) const {
        return std::all_of(planned.claims.begin(), planned.claims.end(), [&](const PlannedClaim& claim) {
            return claim.start_ms - wait_of(claim) <= draft_.now_ms + start_horizon_ms;
        });
    }
    // The site's own queue is no reason to decide later.
    std::int64_t wait_of(const PlannedClaim& claim) const {
        for (const PlacementSite& site : builder_.round().sites)
            for (const PlacementPartition& partition : site.partitions)
                if (site.id == claim.site && partition.id == claim.partition)
                    return partition.queue.median_ms;
        return 0;
    }
    // Whatever the plan says: nothing is held that is not left.
    bool can_pay(const AllocationRecord* payer, const std::vector<ClaimDecided>& claims) {
        std::int64_t sum = 0;
        for (const ClaimDecided& claim : claims) sum += claim.held;
        if (sum == 0) return true;
        if (payer == nullptr || payer->left - spent_[payer->id] < sum) return false;
        spent_[payer->id] += sum;
        return true;
    }
    // What has no place now and may take one: emergencies first, then services, each class in its turn.
    Result<std::int64_t> displace(const PlacementExplainer& explainer, Displacer& displacer,
                                  const std::vector<std::string>& ids) {
        std::vector<const JobRecord*> urgent;
        for (const Workload& workload : builder_.round().workloads)
            if (workload.work_class <= WorkClass::service &&
                std::binary_search(ids.begin(), ids.end(), workload.id))
                urgent.push_back(draft_.tables.job(workload.id));
        if (static_cast<std::int64_t>(urgent.size()) > most_displacing) urgent.resize(most_displacing);
        std::int64_t displacing = 0;
        for (const JobRecord* job : urgent) {
            EM_ASSIGN(const std::optional<Displacement> found, displacer.displace_for(*job));
            if (!found) continue;
            EM_ASSIGN(const bool added, add(explainer, {job->id, {found->claim}, {}}, *found));
            displacing += added ? 1 : 0;
        }
        return displacing;
    }
    Result<bool> add(const PlacementExplainer& explainer, const PlannedWorkload& planned,
                     const Displacement& displacement) {
        const JobRecord& job = *draft_.tables.job(planned.id);
        const AllocationRecord* payer = builder_.payer(job.id);
        const bool paid = job.spec->gpus_per_site() > 0;
        JobDecided decision;
        decision.claims = decided_claims(draft_, planned, paid);
        if (!can_pay(payer, decision.claims)) return false;
        for (const Displaced& one : displacement.displaced)
            if (draft_.tables.claim(one.claim)->state != "held")
                decision.claims.front().after.push_back(one.claim);
        decision.why = displacement.why;
        decision.job = job.id;
        decision.job_digest = job.digest;
        decision.rules_digest = draft_.tables.federation().rules_digest;
        decision.site_rules = site_digests(draft_, planned);
        decision.inputs_at = draft_.tables.next_seq();
        decision.allocation = paid && payer != nullptr ? payer->id : "";
        decision.share = payer == nullptr ? "" : payer->share;
        EM_ASSIGN(decision.table, decision_table(explainer, job.id, &planned, most_table_bytes));
        if (decision.why.empty()) tell_takers(decision.table, planned, planned_);
        tell_forbidden(decision.table, builder_.forbidden_pairs(job.id));
        draft_.add(std::move(decision));
        for (const Displaced& one : displacement.displaced) add(job, one, displacement.why);
        return true;
    }
    void add(const JobRecord& urgent, const Displaced& one, const std::string& why) {
        const ClaimRecord& claim = *draft_.tables.claim(one.claim);
        draft_.add(ClaimDisplaced{one.claim, urgent.id, urgent.spec->job_class, one.rule, one.lost_mgh, why});
        if (claim.state == "held") withdraw(draft_, claim, "");
    }

    Draft& draft_;
    RoundBuilder builder_;
    Planned planned_;
    std::map<std::string, std::int64_t> spent_;
};

}  // namespace

Answer decide_on(Draft& draft, const Plan& ask) {
    if (draft.tables.waiting().empty()) return Json{{"considered", 0}, {"decided", 0}, {"waiting", 0}};
    return Round(draft, ask.most).decide();
}

}  // namespace euromesh::federation
