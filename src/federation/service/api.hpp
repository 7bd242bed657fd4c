// The HTTP API of a coordinator: its routes, in groups, over one context.
//
// Every change goes through the core as a command of the actor that the token names, and is answered when it
// is durable. What somebody may not see is not found. docs/http.md has the rules that hold for all routes,
// /openapi.json the routes. Thread rule: as Handler.
#pragma once

#include <functional>

#include "federation/core/fields.hpp"
#include "federation/http/route.hpp"
#include "federation/http/server.hpp"
#include "federation/identity/trusted_issuers.hpp"
#include "federation/service/coordinator.hpp"
#include "federation/service/event_hub.hpp"
#include "federation/service/output_desk.hpp"
#include "federation/service/run_board.hpp"
#include "federation/service/site_door.hpp"

namespace euromesh::federation {

// All must outlive the server.
struct ApiContext {
    Coordinator& coordinator;
    TrustedIssuers& issuers;
    SiteDoor& door;
    EventHub& events;
    OutputDesk& outputs;
    std::string version;
    std::string issuer;  // for people who log in: the first that is trusted
    std::string client;
    std::string audience;
    std::shared_ptr<RunBoard> runs = std::make_shared<RunBoard>();
};

Result<Api> make_api(ApiContext& context);

// Tokens of people for all scopes but site.operate, assertions of sites for that one.
Authenticate make_authenticate(ApiContext& context);

// The groups; make_api() adds them all.
void add_job_routes(Api& api, ApiContext& context);
void add_access_routes(Api& api, ApiContext& context);
void add_site_routes(Api& api, ApiContext& context);
void add_agent_routes(Api& api, ApiContext& context);
void add_ledger_routes(Api& api, ApiContext& context);
void add_key_routes(Api& api, ApiContext& context);
void add_run_routes(Api& api, ApiContext& context);
Status add_schemas(SchemaSet& schemas);

// For handlers. The actor that authenticate has put there.
const Actor& actor_of(const HttpCall& call);
void execute(ApiContext& context, const HttpCall& call, Ask ask, const Responder& responder, int status);

}  // namespace euromesh::federation
