// Federated runs: how far they are, and certificates for their sites.
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

}  // namespace

void add_run_routes(Api& api, ApiContext& context) {
    RouteMaker make(api, context, "runs");
    make.get("/v1/jobs/{id}/run", "getRun", "How far a federated run is at each of its sites",
             Scope::compute_read, show)
        .problems = {404};
    make.post("/v1/agent/certificate", "certifyMember",
              "A certificate of the run's own authority for a key that a site has made for a claim",
              Scope::site_operate, "RunKey", 16u << 10, certify)
        .problems = {403};
}

}  // namespace euromesh::federation
