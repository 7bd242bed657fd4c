#include "federation/service/api.hpp"

#include "base/assert.hpp"
#include "federation/core/law.hpp"
#include "federation/http/openapi.hpp"
#include "federation/http/problem_pages.hpp"

namespace euromesh::federation {
namespace {

std::optional<std::string> bearer_of(const HttpCall& call) {
    const auto header = call.header("authorization");
    if (!header || !header->starts_with("Bearer ")) return std::nullopt;
    return header->substr(7);
}

void let_in(HttpCall& call, Actor actor) {
    call.principal_name = actor.site.empty() ? actor.account : "site " + actor.site;
    call.principal = std::move(actor);
}

std::optional<Problem> refused(const Error& error) {
    if (error.code == Code::unavailable) return problem_of(error);
    return not_authenticated(error.message);
}

std::optional<Problem> check_site(ApiContext& context, HttpCall& call, const std::string& bearer) {
    const auto site = context.door.enter(bearer, context.coordinator.now_ms());
    if (!site) return refused(site.error());
    const bool known = context.coordinator.read([&](const Core& core) {
        const SiteRecord* record = core.tables().site(site->text());
        return record != nullptr && record->state != "left";
    });
    if (!known) return not_authenticated("no such site");
    Actor actor;
    actor.account = site->text();
    actor.site = site->text();
    let_in(call, std::move(actor));
    return std::nullopt;
}

std::optional<Problem> check_person(ApiContext& context, HttpCall& call, const std::string& bearer,
                                    const std::string& scope) {
    const auto principal = context.issuers.verify(bearer, context.coordinator.now_ms());
    if (!principal) return refused(principal.error());
    const auto needed = parse_scope(scope);
    EM_ASSERT(needed.has_value(), "a route's scope exists");
    if (!(*principal)->scopes.has(*needed))
        return simple_problem(403, "scope-missing", fmt::format("the token lacks the scope {}", scope));
    let_in(call, actor_of(**principal));
    return std::nullopt;
}

void add_general_routes(Api& api, ApiContext& context) {
    Route federation;
    federation.pattern = "/v1/federation";
    federation.id = "getFederation";
    federation.summary = "What this federation is: name, keys, tiers, rules, mode, where to log in";
    federation.tag = "federation";
    federation.handler = [&context](HttpCall&, const Responder& responder) {
        responder.result(context.coordinator.read([&](const Core& core) -> Result<Json> {
            const FederationRecord& record = core.tables().federation();
            EM_ASSIGN(Json json, parse_json(record_text(record)));
            json.erase("administrators");
            json.erase("reviewers");
            json["mode"] = core.tables().mode_at(context.coordinator.now_ms());
            json["version"] = context.version;
            json["issuer"] = context.issuer;
            json["client"] = context.client;
            json["audience"] = context.audience;
            return json;
        }));
    };
    api.routes.push_back(std::move(federation));

    Route who;
    who.pattern = "/v1/whoami";
    who.id = "whoAmI";
    who.summary = "Account, groups and scopes of the token, and the projects that they open";
    who.tag = "federation";
    who.scope = name_of(Scope::compute_read);
    who.handler = [&context](HttpCall& call, const Responder& responder) {
        const Actor& actor = actor_of(call);
        Json projects = Json::array();
        context.coordinator.read([&](const Core& core) {
            for (const auto& [id, project] : core.tables().projects()) {
                if (is_member(project, actor)) projects.push_back(id);
            }
            return 0;
        });
        responder.answer(json_answer({{"account", actor.account},
                                      {"name", actor.name},
                                      {"groups", actor.groups},
                                      {"scopes", actor.scopes},
                                      {"projects", std::move(projects)}}));
    };
    api.routes.push_back(std::move(who));
}

}  // namespace

const Actor& actor_of(const HttpCall& call) {
    const auto* actor = std::any_cast<Actor>(&call.principal);
    EM_ASSERT(actor != nullptr, "a route with a scope has an actor");
    return *actor;
}

void execute(ApiContext& context, const HttpCall& call, Ask ask, const Responder& responder, int status) {
    context.coordinator.execute({actor_of(call), std::move(ask)}, [responder, status](Result<Json> answer) {
        responder.result(answer, status);
    });
}

Authenticate make_authenticate(ApiContext& context) {
    return [&context](HttpCall& call, const Route& route) -> std::optional<Problem> {
        const auto bearer = bearer_of(call);
        if (!bearer) return not_authenticated("send a token: Authorization: Bearer TOKEN");
        const bool is_for_sites = route.scope == name_of(Scope::site_operate);
        return is_for_sites ? check_site(context, call, *bearer)
                            : check_person(context, call, *bearer, route.scope);
    };
}

Result<Api> make_api(ApiContext& context) {
    Api api;
    api.title = "EuroMesh coordinator";
    api.version = context.version;
    api.description =
        "Work that is submitted once and placed at the right centre, with a reason that can be checked.";
    EM_TRY(add_schemas(api.schemas));
    add_general_routes(api, context);
    add_job_routes(api, context);
    add_access_routes(api, context);
    add_site_routes(api, context);
    add_agent_routes(api, context);
    add_ledger_routes(api, context);
    add_key_routes(api, context);
    add_run_routes(api, context);
    add_problem_routes(api);
    add_openapi_route(api, context.issuer);
    EM_TRY(api.check());
    return api;
}

}  // namespace euromesh::federation
