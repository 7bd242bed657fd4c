#include "federation/service/route_maker.hpp"

namespace euromesh::federation {
namespace {

void list_projects(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.answer(json_answer(context.coordinator.read([&](const Core& core) {
        return Json{{"projects", view_projects(core.tables(), actor_of(call))}};
    })));
}

std::vector<std::string> texts_of(const Json& json, const char* key) {
    return json.value(key, std::vector<std::string>{});
}

void set_project(ApiContext& context, HttpCall& call, const Responder& responder) {
    const Json& json = call.json;
    ProjectRecord project;
    project.id = json.value("id", "");
    project.title = json.value("title", "");
    project.organisation = json.value("organisation", "");
    project.organisation_kind = json.value("organisation_kind", "research");
    project.country = json.value("country", "");
    project.civilian = json.value("civilian", true);
    project.export_authorised = json.value("export_authorised", false);
    project.groups = texts_of(json, "groups");
    project.members = texts_of(json, "members");
    project.managers = texts_of(json, "managers");
    execute(context, call, SetProject{std::move(project)}, responder, 200);
}

void register_data(ApiContext& context, HttpCall& call, const Responder& responder) {
    const Json& json = call.json;
    DataRecord data;
    data.id = json.value("id", "");
    data.project = json.value("project", "");
    data.residency = json.value("residency", "none");
    data.country = json.value("country", "");
    data.site = json.value("site", "");
    data.bytes = json.value("bytes", std::int64_t{0});
    data.sensitive = json.value("sensitive", false);
    execute(context, call, RegisterData{std::move(data)}, responder, 201);
}

void list_data(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.answer(json_answer(context.coordinator.read([&](const Core& core) {
        return Json{{"data", view_data(core.tables(), actor_of(call))}};
    })));
}

void apply(ApiContext& context, HttpCall& call, const Responder& responder) {
    Apply ask;
    ask.project = call.json.value("project", "");
    ask.tier = call.json.value("tier", "");
    ask.share = call.json.value("share", "ju");
    ask.amount = call.json.value("milli_gpu_hours", std::int64_t{0});
    ask.purpose = call.json.value("purpose", "");
    execute(context, call, std::move(ask), responder, 201);
}

void list_applications(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.answer(json_answer(context.coordinator.read([&](const Core& core) {
        const std::int64_t now_ms = context.coordinator.now_ms();
        return Json{{"applications", view_applications(core.tables(), actor_of(call), now_ms)}};
    })));
}

void review(ApiContext& context, HttpCall& call, const Responder& responder) {
    Review ask;
    ask.application = call.parameter("id");
    ask.grant = call.json.value("grant", false);
    ask.words = call.json.value("words", "");
    execute(context, call, std::move(ask), responder, 200);
}

void grant(ApiContext& context, HttpCall& call, const Responder& responder) {
    Grant ask;
    ask.project = call.json.value("project", "");
    ask.tier = call.json.value("tier", "");
    ask.share = call.json.value("share", "ju");
    ask.owner = call.json.value("owner", ask.share == "ju" ? "ju" : "");
    ask.amount = call.json.value("milli_gpu_hours", std::int64_t{0});
    ask.begin_ms = call.json.value("begin_ms", std::int64_t{0});
    ask.end_ms = call.json.value("end_ms", std::int64_t{0});
    execute(context, call, std::move(ask), responder, 201);
}

// With what a claw-back will take at the rate so far.
void list_allocations(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.result(context.coordinator.read([&](const Core& core) -> Result<Json> {
        Json rows = Json::array();
        for (const auto& [id, project] : core.tables().projects()) {
            if (!may_see(core.tables(), actor_of(call), id)) continue;
            EM_ASSIGN(const Json own,
                      view_allocations(core.tables(), actor_of(call), id, context.coordinator.now_ms()));
            for (const Json& row : own) rows.push_back(row);
        }
        return Json{{"allocations", std::move(rows)}};
    }));
}

}  // namespace

void add_access_routes(Api& api, ApiContext& context) {
    constexpr std::size_t small = 64u << 10;
    RouteMaker make(api, context, "access");
    make.get("/v1/projects", "listProjects", "The own projects", Scope::compute_read, list_projects);
    make.post("/v1/projects", "setProject", "Make a project, or change it", Scope::allocation_apply,
              "Project", small, set_project)
        .problems = {403, 409};
    make.get("/v1/data", "listData", "Data sets of the own projects", Scope::compute_read, list_data);
    Route& data = make.post("/v1/data", "registerData", "Say where a data set lies and where it may be",
                            Scope::compute_create, "DataSet", small, register_data);
    data.success_status = 201;
    data.problems = {404, 409};
    make.get("/v1/applications", "listApplications", "Applications of the own projects; all, for reviewers",
             Scope::compute_read, list_applications);
    Route& applying =
        make.post("/v1/applications", "applyForTime", "Ask for compute time; small tiers answer at once",
                  Scope::allocation_apply, "Application", small, apply);
    applying.success_status = 201;
    applying.problems = {404, 409};
    make.post("/v1/applications/{id}/review", "reviewApplication",
              "Grant or refuse what waits for a decision", Scope::allocation_review, "Review", small, review)
        .problems = {404, 409};
    make.get("/v1/allocations", "listAllocations", "Granted, used, held and left", Scope::compute_read,
             list_allocations);
    Route& granting = make.post("/v1/allocations", "grantTime", "Grant time without an application",
                                Scope::federation_admin, "Grant", small, grant);
    granting.success_status = 201;
    granting.problems = {404, 409};
}

}  // namespace euromesh::federation
