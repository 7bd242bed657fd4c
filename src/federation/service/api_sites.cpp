#include "federation/service/route_maker.hpp"

namespace euromesh::federation {
namespace {

void list_sites(ApiContext& context, HttpCall&, const Responder& responder) {
    responder.answer(json_answer(context.coordinator.read([](const Core& core) {
        return Json{{"sites", view_sites(core.tables())}};
    })));
}

void show_site(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.result(context.coordinator.read([&](const Core& core) -> Result<Json> {
        const SiteRecord* site = core.tables().site(call.parameter("id"));
        if (site == nullptr) return fail(Code::not_found, "no site '{}'", call.parameter("id").substr(0, 64));
        return view_site(core.tables(), *site);
    }));
}

void admit(ApiContext& context, HttpCall& call, const Responder& responder) {
    AdmitSite ask;
    ask.id = call.json.value("id", "");
    ask.public_key = call.json.value("public_key", "");
    ask.country = call.json.value("country", "");
    ask.op = call.json.value("operator", "");
    ask.hosting = call.json.value("hosting", "national");
    ask.owners = call.json.value("owners", std::vector<std::string>{});
    execute(context, call, std::move(ask), responder, 201);
}

void set_state(ApiContext& context, HttpCall& call, const Responder& responder) {
    SetSiteState ask;
    ask.site = call.parameter("id");
    ask.state = call.json.value("state", "");
    ask.words = call.json.value("words", "");
    execute(context, call, std::move(ask), responder, 200);
}

}  // namespace

void add_site_routes(Api& api, ApiContext& context) {
    RouteMaker make(api, context, "sites");
    make.get("/v1/sites", "listSites", "The sites, what they offer, and how they are", Scope::compute_read,
             list_sites);
    make.get("/v1/sites/{id}", "getSite", "One site", Scope::compute_read, show_site).problems = {404};
    Route& admitting = make.post("/v1/sites", "admitSite", "Admit a site by its public key",
                                 Scope::federation_admin, "SiteAdmission", 16u << 10, admit);
    admitting.success_status = 201;
    admitting.problems = {409};
    make.post("/v1/sites/{id}/state", "setSiteState", "Drain a site, take it back, or let it leave",
              Scope::federation_admin, "SiteState", 4096, set_state)
        .problems = {404, 409};
}

}  // namespace euromesh::federation
