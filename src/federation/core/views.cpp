#include "federation/core/views.hpp"

#include <algorithm>

#include "federation/core/fields.hpp"
#include "federation/core/forecast.hpp"
#include "federation/core/law.hpp"

namespace euromesh::federation {
namespace {

template <class T>
Json record_json(const T& record) {
    auto json = parse_json(record_text(record));
    return json ? std::move(*json) : Json::object();
}

bool reviews(const Tables& tables, const Actor& actor) {
    const auto& reviewers = tables.federation().reviewers;
    return is_administrator(tables, actor) ||
           std::find(reviewers.begin(), reviewers.end(), actor.account) != reviewers.end();
}

Status needs_sight(const Tables& tables, const Actor& actor, const std::string& project) {
    if (may_see(tables, actor, project)) return {};
    return fail(Code::not_found, "project '{}': there is none that you may see", project.substr(0, 64));
}

}  // namespace

bool may_see(const Tables& tables, const Actor& actor, const std::string& project) {
    const ProjectRecord* found = tables.project(project);
    return found != nullptr && (is_member(*found, actor) || is_administrator(tables, actor));
}

Result<Json> view_job(const Tables& tables, const Actor& actor, const std::string& id) {
    const JobRecord* job = tables.job(id);
    if (job == nullptr || !may_see(tables, actor, job->project))
        return fail(Code::not_found, "job '{}': there is none that you may see", id.substr(0, 64));
    Json json = record_json(*job);
    Json claims = Json::array();
    for (const std::string& claim : job->claims) claims.push_back(record_json(*tables.claim(claim)));
    json["claims"] = std::move(claims);
    return json;
}

Result<Json> view_jobs(const Tables& tables, const Actor& actor, const std::string& project,
                       std::int64_t before, std::size_t most) {
    EM_TRY(needs_sight(tables, actor, project));
    const auto& numbers = tables.jobs_of(project);
    auto at = before > 0 ? numbers.lower_bound(before) : numbers.end();
    Json jobs = Json::array();
    while (at != numbers.begin() && jobs.size() < most) {
        const JobRecord& job = *tables.job(fmt::format("j{}", *--at));
        jobs.push_back(Json{{"id", job.id},
                            {"name", job.spec.name},
                            {"state", job.state},
                            {"account", job.account},
                            {"submitted_ms", job.submitted_ms},
                            {"ended_ms", job.ended_ms}});
    }
    const std::int64_t next = at == numbers.begin() ? 0 : *at;
    return Json{{"jobs", std::move(jobs)}, {"next", next}};
}

Json view_projects(const Tables& tables, const Actor& actor) {
    Json all = Json::array();
    for (const auto& [id, project] : tables.projects())
        if (may_see(tables, actor, id)) all.push_back(record_json(project));
    return all;
}

Result<Json> view_allocations(const Tables& tables, const Actor& actor, const std::string& project,
                              std::int64_t now_ms) {
    EM_TRY(needs_sight(tables, actor, project));
    Json all = Json::array();
    for (const std::string& id : tables.allocations_of(project)) {
        const AllocationRecord& allocation = *tables.allocation(id);
        Json json = record_json(allocation);
        Json coming = Json::array();
        for (const Checkpoint& point : forecast(allocation, tables.federation().claw_back, now_ms))
            coming.push_back(Json{{"at_ms", point.at_ms},
                                  {"needed", point.needed},
                                  {"expected", point.expected},
                                  {"loss", point.loss}});
        json["forecast"] = std::move(coming);
        all.push_back(std::move(json));
    }
    return all;
}

Json view_applications(const Tables& tables, const Actor& actor, std::int64_t now_ms) {
    Json all = Json::array();
    for (const auto& [id, application] : tables.applications()) {
        if (!reviews(tables, actor) && !may_see(tables, actor, application.project)) continue;
        Json json = record_json(application);
        json["overdue"] = application.state == "in-review" && now_ms > application.due_ms;
        all.push_back(std::move(json));
    }
    return all;
}

Json view_sites(const Tables& tables) {
    Json all = Json::array();
    for (const auto& [id, site] : tables.sites()) {
        Json json = record_json(site);
        json.erase("journal");
        json.erase("old_journals");
        json["open_claims"] = tables.open_claims(id).size();
        all.push_back(std::move(json));
    }
    return all;
}

}  // namespace euromesh::federation
