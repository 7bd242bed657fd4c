#include <algorithm>

#include "base/base64.hpp"
#include "federation/core/law.hpp"
#include "federation/http/paging.hpp"
#include "federation/service/explanation_document.hpp"
#include "federation/service/route_maker.hpp"

namespace euromesh::federation {
namespace {

// Built as text: it is what clients ask for most.
std::string job_text(const Tables& tables, const JobRecord& job) {
    std::string text = record_text(job);
    text.back() = ',';
    text += "\"placed\":[";
    for (const std::string& id : job.claims) {
        const ClaimRecord* claim = tables.claim(id);
        if (claim == nullptr) continue;
        if (text.back() != '[') text += ',';
        append_record(text, *claim);
    }
    return text + "]}";
}

void submit(ApiContext& context, HttpCall& call, const Responder& responder) {
    auto spec = contract::read_job_spec(call.json);
    if (!spec) return responder.fail(spec.error());
    Submit ask;
    ask.spec = std::move(*spec);
    ask.key = call.idempotency_key.value_or("");
    ask.body = to_hex(sha256(call.body));
    execute(context, call, std::move(ask), responder, 201);
}

void show(ApiContext& context, HttpCall& call, const Responder& responder) {
    const Result<std::string> text = context.coordinator.read([&](const Core& core) -> Result<std::string> {
        EM_ASSIGN(const JobRecord* job, visible_job(core.tables(), actor_of(call), call.parameter("id")));
        return job_text(core.tables(), *job);
    });
    if (!text) return responder.fail(text.error());
    responder.answer(text_answer(*text, "application/json"));
}

// Newest first; the cursor is a job's number.
void list(ApiContext& context, HttpCall& call, const Responder& responder) {
    const auto page = parse_page(call, "jobs");
    if (!page) return responder.fail(page.error());
    const std::int64_t below = page->after.empty() ? std::numeric_limits<std::int64_t>::max()
                                                   : std::strtoll(page->after.c_str(), nullptr, 10);
    const std::string state = call.query_value("state").value_or("");
    std::vector<const JobRecord*> found;
    std::string text = "{\"jobs\":[";
    context.coordinator.read([&](const Core& core) {
        const Tables& tables = core.tables();
        for (const auto& [id, project] : tables.projects()) {
            if (!is_member(project, actor_of(call))) continue;
            for (const std::int64_t number : tables.jobs_of(id)) {
                const JobRecord* job = tables.job(fmt::format("j{}", number));
                if (job != nullptr && number < below && (state.empty() || job->state == state))
                    found.push_back(job);
            }
        }
        std::sort(found.begin(), found.end(), [](auto* a, auto* b) { return a->number > b->number; });
        if (found.size() > page->limit) found.resize(page->limit);
        for (const JobRecord* job : found) {
            if (text.back() != '[') text += ',';
            append_record(text, *job);
        }
        return 0;
    });
    HttpAnswer answer = text_answer(text + "]}", "application/json");
    if (found.size() == page->limit)
        add_next_link(answer, call, make_cursor("jobs", std::to_string(found.back()->number)));
    responder.answer(std::move(answer));
}

void cancel(ApiContext& context, HttpCall& call, const Responder& responder) {
    execute(context, call, Cancel{call.parameter("id"), call.json.value("words", "")}, responder, 202);
}

// Of the newest claim at the site that is asked for, or of the newest at all.
Result<ClaimRecord> claim_of(ApiContext& context, const HttpCall& call) {
    const std::string site = call.query_value("site").value_or("");
    return context.coordinator.read([&](const Core& core) -> Result<ClaimRecord> {
        EM_ASSIGN(const JobRecord* job, visible_job(core.tables(), actor_of(call), call.parameter("id")));
        for (auto id = job->claims.rbegin(); id != job->claims.rend(); ++id) {
            const ClaimRecord* claim = core.tables().claim(*id);
            if (claim != nullptr && (site.empty() || claim->site == site)) return *claim;
        }
        return fail(Code::conflict, "job {} is {} and was not at {} yet", job->id, job->state,
                    site.empty() ? "any site" : "site " + site.substr(0, 64));
    });
}

void logs(ApiContext& context, HttpCall& call, const Responder& responder) {
    const auto claim = claim_of(context, call);
    if (!claim) return responder.fail(claim.error());
    context.outputs.ask(claim->site, claim->id,
                        [responder, site = claim->site, id = claim->id](Result<Json> output) {
                            if (output) (*output)["site"] = site, (*output)["claim"] = id;
                            responder.result(output);
                        });
}

void explain(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.result(explanation_document(context.coordinator, actor_of(call), call.parameter("id")));
}

// -1: it had none.
Result<std::int64_t> last_event_of(const HttpCall& call) {
    const std::string text = call.last_event_id.value_or("");
    if (text.empty()) return -1;
    if (text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
        return fail(Code::bad_input, "Last-Event-ID: send the id of the last event that you have");
    return std::strtoll(text.c_str(), nullptr, 10);
}

void events(ApiContext& context, HttpCall& call, const Responder& responder) {
    const auto after = last_event_of(call);
    if (!after) return responder.fail(after.error());
    const std::string job = call.query_value("job").value_or("");
    if (auto stream = responder.open_events())
        context.events.add(std::move(stream), actor_of(call), job, *after);
}

}  // namespace

void add_job_routes(Api& api, ApiContext& context) {
    RouteMaker make(api, context, "jobs");
    Route& submitting = make.post("/v1/jobs", "submitJob", "Submit a job; answered when it is durable",
                                  Scope::compute_create, "JobSpec", contract::job_spec_max_bytes, submit);
    submitting.success_status = 201;
    submitting.idempotency = Idempotency::accepted;
    submitting.problems = {404, 409};

    make.get("/v1/jobs", "listJobs", "Jobs of the own projects, newest first", Scope::compute_read, list)
        .query = {{"limit", "rows of a page"}, {"cursor", "from the Link header"}, {"state", "only these"}};
    make.get("/v1/jobs/{id}", "getJob", "A job and its claims", Scope::compute_read, show).problems = {404};

    Route& cancelling = make.post("/v1/jobs/{id}/cancel", "cancelJob", "Ask for the end of a job",
                                  Scope::compute_cancel, "Words", 4096, cancel);
    cancelling.success_status = 202;
    cancelling.problems = {404, 409};

    Route& printed =
        make.get("/v1/jobs/{id}/logs", "getJobLogs",
                 "The end of what a job has printed, from the site that runs it", Scope::compute_read, logs);
    printed.query = {{"site", "which one, of a job at several"}};
    printed.problems = {404, 409};

    make.get("/v1/jobs/{id}/explain", "explainJob",
             "Every site: the rule that ruled it out or its score, and the proof that the decision is in the "
             "ledger",
             Scope::compute_read, explain)
        .problems = {404};

    Route& streaming =
        make.get("/v1/events", "streamEvents", "What happens to the own projects and at the sites",
                 Scope::compute_read, events);
    streaming.response_type = "text/event-stream";
    streaming.query = {{"job", "only of this one"}};
}

}  // namespace euromesh::federation
