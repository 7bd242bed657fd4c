// Work that comes in, is called off, or is settled by hand.
#include <algorithm>

#include "federation/core/decide.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t most_key = 255;
constexpr std::size_t most_waiting = 200'000;

Result<const ProjectRecord*> project_for(const Draft& draft, const std::string& named) {
    if (!named.empty()) return project_of(draft, named);
    const ProjectRecord* only = nullptr;
    for (const auto& [id, project] : draft.tables.projects()) {
        if (!is_member(project, draft.actor)) continue;
        if (only != nullptr)
            return fail(Code::bad_input,
                        "job: /attributes/project is missing: you are in {}, {} and maybe more: name one",
                        only->id, id);
        only = &project;
    }
    if (only == nullptr)
        return fail(Code::refused, "job: you are a member of no project: apply for one first");
    return only;
}

// The request may be sent again after a cut: the same key and body give the same job.
Result<const KeyRecord*> earlier_use(const Draft& draft, const Submit& ask, const std::string& body) {
    if (ask.key.size() > most_key)
        return fail(Code::bad_input, "Idempotency-Key: must be at most {} bytes", most_key);
    const KeyRecord* known = ask.key.empty() ? nullptr : draft.tables.key(draft.actor.account, ask.key);
    if (known != nullptr && known->body != body)
        return fail(Code::conflict,
                    "Idempotency-Key: it was used with another body for job {}: take a new key", known->job);
    return known;
}

Result<std::vector<RuleRecord>> data_records(const Draft& draft, const contract::JobSpec& spec,
                                             const std::string& project) {
    std::vector<RuleRecord> records;
    for (const std::string& id : spec.data) {
        const auto found = draft.tables.data().find(id);
        const bool seen = found != draft.tables.data().end() &&
                          (found->second.project == project || !found->second.sensitive);
        if (!seen)
            return fail(Code::not_found, "job: /data: data set '{}': there is none that you may see", id);
        records.push_back(draft.law.data(found->second));
    }
    return records;
}

Result<LawAnswer> ask_law(const Draft& draft, const contract::JobSpec& spec, const ProjectRecord& project) {
    const auto live = live_allocations(draft.tables, project.id, draft.now_ms);
    if (live.empty() && spec.gpus_per_site() > 0)
        return fail(Code::refused, "job: project {} has no allocation to pay with: apply for access first",
                    project.id);
    EM_ASSIGN(const auto data, data_records(draft, spec, project.id));
    LawAnswer answer;
    for (std::size_t i = 0; i < std::max<std::size_t>(1, live.size()); ++i) {
        const bool paid = i < live.size();
        const std::string tier = paid ? live[i]->tier : "";
        const std::string share = paid ? live[i]->share : "ju";
        const std::int64_t granted = paid ? live[i]->granted : 0;
        const RuleRecord person = draft.law.person(draft.tables, draft.actor, &project);
        const RuleRecord record = draft.law.project(draft.tables, project, tier, share, granted);
        const RuleRecord workload = draft.law.workload(spec, tier, project.export_authorised);
        const RuleRecord context = draft.law.context(draft.tables, draft.now_ms, share);
        RuleSubjects subjects;
        subjects.person = &person;
        subjects.project = &record;
        subjects.workload = &workload;
        subjects.context = &context;
        for (const RuleRecord& one : data) subjects.data.push_back(&one);
        answer = draft.law.ask(RuleAction::submit, subjects);
        if (answer.allowed) break;
    }
    return answer;
}

Json job_answer(const std::string& job, const std::string& state, const std::string& digest) {
    return Json{{"job", job}, {"state", state}, {"digest", digest}};
}

}  // namespace

Answer decide_on(Draft& draft, const Submit& ask) {
    if (draft.actor.account.empty()) return fail(Code::refused, "job: log in first");
    JobSubmitted submitted;
    submitted.digest = contract::digest_of(ask.spec);
    submitted.body = ask.body.empty() ? submitted.digest : ask.body.substr(0, 128);
    EM_ASSIGN(const KeyRecord* earlier, earlier_use(draft, ask, submitted.body));
    if (earlier != nullptr) {
        const JobRecord* job = draft.tables.job(earlier->job);
        return job_answer(earlier->job, job == nullptr ? "pruned" : job->state,
                          job == nullptr ? "" : job->digest);
    }
    EM_ASSIGN(const ProjectRecord* project, project_for(draft, ask.spec.project));
    if (draft.tables.waiting().size() >= most_waiting)
        return fail(Code::unavailable, "job: {} jobs are waiting already: come back later", most_waiting);
    EM_ASSIGN(const LawAnswer law, ask_law(draft, ask.spec, *project));
    if (!law.allowed) return fail(Code::refused, "job: {}", law.words());
    submitted.job = draft.next_id("j");
    submitted.account = draft.actor.account;
    submitted.groups = draft.actor.groups;
    submitted.project = project->id;
    submitted.spec = ask.spec;
    submitted.key = ask.key;
    Json answer = job_answer(submitted.job, "waiting", submitted.digest);
    draft.add(std::move(submitted));
    return answer;
}

Answer decide_on(Draft& draft, const Cancel& ask) {
    const JobRecord* job = draft.tables.job(ask.job);
    const ProjectRecord* project = job == nullptr ? nullptr : draft.tables.project(job->project);
    const bool seen = project != nullptr &&
                      (is_member(*project, draft.actor) || is_administrator(draft.tables, draft.actor));
    if (!seen)
        return fail(Code::not_found, "job '{}': there is none that you may see", ask.job.substr(0, 64));
    const RuleRecord person = draft.law.person(draft.tables, draft.actor, project);
    const RuleRecord record = draft.law.project(draft.tables, *project, "", "ju", 0);
    const RuleRecord workload = draft.law.workload(*job->spec, "", project->export_authorised);
    const RuleRecord context = draft.law.context(draft.tables, draft.now_ms, "ju");
    RuleSubjects subjects;
    subjects.person = &person;
    subjects.project = &record;
    subjects.workload = &workload;
    subjects.context = &context;
    const LawAnswer law = draft.law.ask(RuleAction::cancel, subjects);
    if (!law.allowed) return fail(Code::refused, "cancel: {}", law.words());
    if (!job->over() && !job->cancelling) {
        draft.add(JobCancelAsked{job->id, ask.words.substr(0, 1024)});
        for (const std::string& id : job->claims)
            if (draft.tables.claim(id)->state == "held") withdraw(draft, *draft.tables.claim(id), "");
    }
    const bool at_once = job->state == "waiting";
    return job_answer(job->id, job->over() ? job->state : (at_once ? "cancelled" : "cancelling"),
                      job->digest);
}

Answer decide_on(Draft& draft, const Settle& ask) {
    EM_TRY(needs_administrator(draft, "settlement"));
    const ClaimRecord* claim = draft.tables.claim(ask.claim);
    if (claim == nullptr) return fail(Code::not_found, "claim '{}': there is none", ask.claim.substr(0, 64));
    if (!claim->over())
        draft.add(ClaimLost{claim->id, ask.words.empty() ? "settled by hand" : ask.words.substr(0, 1024)});
    return Json{{"claim", claim->id}, {"state", claim->over() ? claim->state : "lost"}};
}

}  // namespace euromesh::federation
