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

Status needs_sight(const Tables& tables, const Actor& actor, const std::string& project) {
    if (may_see(tables, actor, project)) return {};
    return fail(Code::not_found, "project '{}': there is none that you may see", project.substr(0, 64));
}

}  // namespace

bool is_reviewer(const Tables& tables, const Actor& actor) {
    const auto& reviewers = tables.federation().reviewers;
    return is_administrator(tables, actor) ||
           std::find(reviewers.begin(), reviewers.end(), actor.account) != reviewers.end();
}

bool may_see(const Tables& tables, const Actor& actor, const std::string& project) {
    const ProjectRecord* found = tables.project(project);
    return found != nullptr && (is_member(*found, actor) || is_administrator(tables, actor));
}

Result<const JobRecord*> visible_job(const Tables& tables, const Actor& actor, const std::string& id) {
    const JobRecord* job = tables.job(id);
    if (job == nullptr || !may_see(tables, actor, job->project))
        return fail(Code::not_found, "no job '{}' of yours", id.substr(0, 64));
    return job;
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
        if (!is_reviewer(tables, actor) && !may_see(tables, actor, application.project)) continue;
        Json json = record_json(application);
        json["overdue"] = application.state == "in-review" && now_ms > application.due_ms;
        all.push_back(std::move(json));
    }
    return all;
}

Json view_data(const Tables& tables, const Actor& actor) {
    Json all = Json::array();
    for (const auto& [id, data] : tables.data())
        if (may_see(tables, actor, data.project)) all.push_back(record_json(data));
    return all;
}

Json view_site(const Tables& tables, const SiteRecord& site) {
    Json json = record_json(site);
    json.erase("journal");
    json.erase("old_journals");
    json["open_claims"] = tables.open_claims(site.id).size();
    return json;
}

Json view_sites(const Tables& tables) {
    Json all = Json::array();
    for (const auto& [id, site] : tables.sites()) all.push_back(view_site(tables, site));
    return all;
}

}  // namespace euromesh::federation
