// The life of jobs and claims, and who pays: the part of Tables where a mistake loses or doubles work.
#include <algorithm>

#include "base/assert.hpp"
#include "federation/core/tables.hpp"

namespace euromesh::federation {
namespace {

tl::unexpected<Error> unfit(std::string_view what, const std::string& id) {
    return fail(Code::corrupted, "{} '{}': the log is not this federation's, or an entry is missing", what,
                id.substr(0, 80));
}

struct Attempt {
    std::int64_t open = 0;
    std::int64_t live = 0;  // open, and nobody asked for its end
    std::int64_t running = 0;
    std::int64_t good = 0;
    std::int64_t ran = 0;  // began, whatever became of it
    std::int64_t lost = 0;
    std::int64_t failed = 0;     // ended by itself, and not well
    std::int64_t displaced = 0;  // had to give way
    std::string words;
};

void count(Attempt& attempt, const ClaimRecord& claim) {
    attempt.open += claim.over() ? 0 : 1;
    attempt.live += !claim.over() && !claim.cancelling ? 1 : 0;
    attempt.running += claim.state == "running" ? 1 : 0;
    attempt.good += claim.state == "ended" && claim.exit == 0 ? 1 : 0;
    attempt.ran += claim.state == "ended" || claim.started_ms > 0 ? 1 : 0;
    attempt.lost += claim.state == "lost" ? 1 : 0;
    attempt.failed += claim.state == "ended" && claim.exit != 0 ? 1 : 0;
    attempt.displaced += claim.displaced_by.empty() ? 0 : 1;
    if (claim.over() && !claim.words.empty()) attempt.words = claim.words;
}

Tables::Turn turn_of(const JobRecord& job) {
    return {work_class_from(job.spec->job_class).value_or(WorkClass::production), job.project};
}

}  // namespace

Status Tables::on(const Event& event, const JobSubmitted& data) {
    JobRecord job;
    job.id = data.job;
    job.number = event.seq;
    job.account = data.account;
    job.groups = data.groups;
    job.project = data.project;
    job.spec = std::make_shared<const contract::JobSpec>(data.spec);
    job.digest = data.digest;
    job.submitted_ms = event.time_ms;
    const JobRecord* stored = jobs_.insert(data.job, std::move(job));
    if (stored == nullptr) return unfit("second job", data.job);
    index(*stored);
    if (data.key.empty()) return {};
    const std::string name = data.account + '\n' + data.key;
    if (keys_.insert(name, {data.account, data.key, data.body, data.job, event.time_ms}) == nullptr)
        return unfit("second use of the idempotency key", data.key);
    keys_by_time_.emplace(event.time_ms, name);
    return {};
}

void Tables::index(const JobRecord& job) {
    jobs_by_project_[job.project].insert(job.number);
    if (job.state == "waiting") start_waiting(job);
    if (job.over()) over_by_time_.emplace(job.ended_ms, job.id);
}

void Tables::start_waiting(const JobRecord& job) {
    waiting_.insert(job.number);
    waiting_by_turn_[turn_of(job)].insert({job.displaced > 0, job.number});
}

void Tables::stop_waiting(const JobRecord& job) {
    waiting_.erase(job.number);
    const auto turn = waiting_by_turn_.find(turn_of(job));
    turn->second.erase({job.displaced > 0, job.number});
    if (turn->second.empty()) waiting_by_turn_.erase(turn);
}

void Tables::set_state(const Event& event, JobRecord& job, std::string state, std::string words) {
    EM_ASSERT(!job.over(), "a job ends once");
    if (job.state == "waiting") stop_waiting(job);
    job.state = std::move(state);
    if (!words.empty()) job.words = std::move(words);
    if (job.state == "waiting") start_waiting(job);
    if (!job.over()) return;
    job.ended_ms = event.time_ms;
    over_by_time_.emplace(job.ended_ms, job.id);
}

Status Tables::on(const Event& event, const JobCancelAsked& data) {
    const JobRecord* found = jobs_.find(data.job);
    if (found == nullptr || found->over()) return unfit("open job", data.job);
    JobRecord& job = jobs_.edit_at(data.job);
    job.cancelling = true;
    job.words = data.words;
    if (job.state == "waiting") return set_state(event, job, "cancelled"), Status{};
    cancel_open_claims(job);
    return settle_job(event, job.id);
}

Status Tables::on(const Event& event, const JobDecided& data) {
    const JobRecord* found = jobs_.find(data.job);
    if (found == nullptr || found->state != "waiting") return unfit("waiting job", data.job);
    JobRecord& job = jobs_.edit_at(data.job);
    if (data.claims.empty() || static_cast<std::int64_t>(data.claims.size()) < job.spec->quorum)
        return unfit("decision with a quorum of claims for job", data.job);
    job.attempt_from = static_cast<std::int64_t>(job.claims.size());
    for (const ClaimDecided& claim : data.claims) EM_TRY(add_claim(event, data, claim));
    job.decided_seq = event.seq;
    set_state(event, job, "placed");
    return {};
}

Status Tables::add_claim(const Event& event, const JobDecided& decision, const ClaimDecided& data) {
    JobRecord& job = jobs_.edit_at(decision.job);
    const auto site = sites_.find(data.site);
    if (site == sites_.end() || site->second.state != "active") return unfit("active site", data.site);
    for (std::size_t i = static_cast<std::size_t>(job.attempt_from); i < job.claims.size(); ++i)
        if (claims_.at(job.claims[i]).site == data.site)
            return unfit("second claim of a job at site", data.site);
    if (data.held < 0 || data.gpus < 0 || data.limit_ms <= 0) return unfit("amounts of claim", data.claim);
    if (data.held > 0) {
        const auto found = allocations_.find(decision.allocation);
        if (found == allocations_.end() || found->second.left < data.held)
            return unfit("allocation with enough left", decision.allocation);
        AllocationRecord& a = found->second;
        a.left -= data.held;
        a.held += data.held;
        EM_ASSERT(a.used + a.held + a.left == a.granted, "used + held + left = granted");
    }
    ClaimRecord claim;
    claim.id = data.claim;
    claim.job = decision.job;
    claim.site = data.site;
    claim.partition = data.partition;
    claim.allocation = decision.allocation;
    claim.gpus = data.gpus;
    claim.limit_ms = data.limit_ms;
    claim.held = data.held;
    claim.decided_ms = event.time_ms;
    claim.after = data.after;
    if (claims_.insert(data.claim, std::move(claim)) == nullptr) return unfit("second claim", data.claim);
    open_claims_[data.site].insert(data.claim);
    job.claims.push_back(data.claim);
    return {};
}

Result<ClaimRecord*> Tables::open_claim(const std::string& id) {
    const ClaimRecord* found = claims_.find(id);
    if (found == nullptr || found->over()) return unfit("open claim", id);
    return claims_.edit(id);
}

void Tables::pay(ClaimRecord& claim, std::int64_t charged) {
    EM_ASSERT(charged >= 0 && charged <= claim.held, "a claim costs at most what was held for it");
    if (claim.held == 0) return;
    AllocationRecord& a = allocations_.at(claim.allocation);
    a.held -= claim.held;
    a.used += charged;
    a.left += claim.held - charged;
    claim.held = 0;
    claim.charged = charged;
    EM_ASSERT(a.used >= 0 && a.held >= 0 && a.left >= 0, "no amount is below zero");
    EM_ASSERT(a.used + a.held + a.left == a.granted, "used + held + left = granted");
}

Status Tables::end_claim(const Event& event, ClaimRecord& claim, std::string state, std::int64_t charged) {
    EM_ASSERT(!claim.over(), "a claim ends once");
    if (charged < 0 || charged > claim.held) return unfit("charge of claim", claim.id);
    const bool repaid = state == "cancelled" && is_repaid(claim);
    pay(claim, charged);
    if (repaid)
        claim.due_back = charged;
    else
        note_use(event, claim);
    claim.state = std::move(state);
    open_claims_[claim.site].erase(claim.id);
    return settle_job(event, claim.job);
}

bool Tables::is_repaid(const ClaimRecord& claim) const {
    if (!claim.displaced_by.empty()) return true;
    const JobRecord& job = jobs_.at(claim.job);
    for (std::size_t i = static_cast<std::size_t>(job.attempt_from); i < job.claims.size(); ++i)
        if (!claims_.at(job.claims[i]).displaced_by.empty()) return !job.cancelling;
    return false;
}

void Tables::note_use(const Event& event, const ClaimRecord& claim) {
    if (claim.charged == 0) return;
    const AllocationRecord& a = allocations_.at(claim.allocation);
    use_of_owners_.add(a.owner, claim.site, claim.charged, event.time_ms);
    use_of_projects_.add(a.project, claim.site, claim.charged, event.time_ms);
}

// Each ends by an event of its own: what was never handed out by the coordinator's, the rest when its site
// says so.
void Tables::cancel_open_claims(JobRecord& job) {
    for (const std::string& id : job.claims) {
        if (!claims_.at(id).over()) claims_.edit_at(id).cancelling = true;
    }
}

Status Tables::settle_job(const Event& event, const std::string& id) {
    JobRecord& job = jobs_.edit_at(id);
    EM_ASSERT(!job.over(), "claims of a job that is over are over");
    const auto counted = [&] {
        Attempt attempt;
        for (std::size_t i = static_cast<std::size_t>(job.attempt_from); i < job.claims.size(); ++i)
            count(attempt, claims_.at(job.claims[i]));
        return attempt;
    };
    Attempt attempt = counted();
    if (attempt.open > 0 && !job.cancelling && !job.giving_up &&
        attempt.live + attempt.good < job.spec->quorum) {
        job.giving_up = true;
        cancel_open_claims(job);
        attempt = counted();
    }
    if (attempt.open > 0) {
        set_state(event, job, attempt.ran > 0 ? "running" : "placed");
    } else if (attempt.good >= job.spec->quorum) {
        if (job.displaced > 0) job.words.clear();
        set_state(event, job, "completed");
    } else if (job.cancelling) {
        set_state(event, job, "cancelled");
    } else if (attempt.lost > 0) {
        set_state(event, job, "lost", attempt.words);
    } else if (attempt.ran > 0 && (attempt.displaced == 0 || attempt.failed > 0)) {
        set_state(event, job, "failed", attempt.words);
    } else {
        job.giving_up = false;
        job.attempt_from = static_cast<std::int64_t>(job.claims.size());
        set_state(event, job, "waiting");
    }
    return {};
}

Status Tables::on(const Event& event, const ClaimOffered& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    if (claim->state != "held") return unfit("held claim", data.claim);
    claim->state = "offered";
    claim->offered_seq = event.seq;
    return {};
}

Status Tables::on(const Event&, const ClaimAccepted& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    if (claim->state != "offered") return unfit("offered claim", data.claim);
    claim->state = "accepted";
    return {};
}

Status Tables::on(const Event& event, const ClaimRefused& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    if (claim->state == "held" || claim->state == "running") return unfit("offered claim", data.claim);
    claim->words = data.words;
    jobs_.edit_at(claim->job).refusals.push_back({claim->site, data.words});
    return end_claim(event, *claim, "refused", 0);
}

Status Tables::on(const Event& event, const ClaimStarted& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    if (claim->state == "held" || claim->state == "running") return unfit("offered claim", data.claim);
    claim->state = "running";
    claim->started_ms = data.started_ms;
    return settle_job(event, claim->job);
}

Status Tables::on(const Event&, const ClaimUsed& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    if (data.used_ms < claim->used_ms) return unfit("growing use of claim", data.claim);
    claim->used_ms = data.used_ms;
    return {};
}

Status Tables::on(const Event& event, const ClaimEnded& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    const bool withdrawn = data.state == "cancelled" && data.started_ms == 0;
    if (data.state != "ended" && data.state != "cancelled") return unfit("end of claim", data.claim);
    if (claim->state == "held" && !withdrawn) return unfit("offered claim", data.claim);
    claim->started_ms = data.started_ms;
    claim->ended_ms = data.ended_ms;
    claim->exit = data.exit;
    claim->words = data.words;
    claim->run = data.run;
    return end_claim(event, *claim, data.state, data.charged);
}

Status Tables::on(const Event& event, const ClaimDisplaced& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    JobRecord& job = jobs_.edit_at(claim->job);
    if (claim->cancelling || !jobs_.contains(data.by) || data.by == claim->job)
        return unfit("claim that may be displaced", data.claim);
    claim->cancelling = true;
    claim->displaced_by = data.by;
    claim->displaced_seq = event.seq;
    job.displaced += 1;
    job.words = data.why;
    return settle_job(event, claim->job);
}

Status Tables::on(const Event& event, const ClaimLost& data) {
    EM_ASSIGN(ClaimRecord * claim, open_claim(data.claim));
    claim->words = data.words;
    return end_claim(event, *claim, "lost", 0);
}

}  // namespace euromesh::federation
