// Federated runs: how far they are, and certificates for their sites.
#include "base/os/certificate.hpp"
#include "federation/core/views.hpp"
#include "federation/service/route_maker.hpp"
#include "federation/service/run_authority.hpp"

namespace euromesh::federation {
namespace {

void show(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.result(context.coordinator.read([&](const Core& core) -> Result<Json> {
        EM_ASSIGN(const JobRecord* job, visible_job(core.tables(), actor_of(call), call.parameter("id")));
        return context.runs->document(core.tables(), *job);
    }));
}

Result<Json> certificate_of(ApiContext& context, const HttpCall& call) {
    EM_ASSIGN(const std::string claim, json_string(call.json, "claim", "certificate"));
    EM_ASSIGN(const std::string key, json_string(call.json, "public_key", "certificate"));
    EM_ASSIGN(const RunMember member, context.coordinator.read([&](const Core& core) {
        return run_member(core.tables(), claim, actor_of(call).site);
    }));
    return context.coordinator.certify(member, key);
}

void certify(ApiContext& context, HttpCall& call, const Responder& responder) {
    responder.result(certificate_of(context, call));
}

// For hubs, which must know it before there is a run. The certificate made along with it is for nobody.
void authority(ApiContext& context, HttpCall&, const Responder& responder) {
    const auto made = context.coordinator.certify({"none", "none", 0, 0}, os::make_key_pair().public_key);
    if (!made) return responder.fail(made.error());
    responder.answer(json_answer(Json{{"authority", made->at("authority")}}));
}

}  // namespace

void add_run_routes(Api& api, ApiContext& context) {
    RouteMaker make(api, context, "runs");
    make.get("/v1/jobs/{id}/run", "getRun", "How far a federated run is at each of its sites",
             Scope::compute_read, show)
        .problems = {404};
    make.get("/v1/runs/authority", "getRunAuthority",
             "The authority of all runs' certificates, PEM: what a hub is given by --ca", Scope::compute_read,
             authority);
    make.post("/v1/agent/certificate", "certifyMember",
              "A certificate of the run's own authority for a key that a site has made for a claim",
              Scope::site_operate, "RunKey", 16u << 10, certify)
        .problems = {403};
}

}  // namespace euromesh::federation
