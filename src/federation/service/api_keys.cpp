#include "federation/service/route_maker.hpp"

namespace euromesh::federation {
namespace {

Result<KeyEvent> key_change_of(const Json& json) {
    const bool rotates = json.is_object() && json.contains("successor");
    return key_event_from(event_type(rotates ? KeyChange::rotated : KeyChange::revoked), json);
}

// The signatures under it say who asks: no token is needed, and none would be enough.
void change_key(ApiContext& context, HttpCall& call, const Responder& responder) {
    auto change = key_change_of(call.json);
    if (!change) return responder.fail(change.error());
    Actor actor;
    actor.account = change->by_board ? "board" : change->name;
    const bool is_site = change->role == KeyRole::site;
    const auto site = SiteId::parse(change->name, "site");
    context.coordinator.execute({std::move(actor), ChangeKey{std::move(*change)}},
                                [&context, is_site, site, responder](const Result<Json>& answer) {
                                    if (answer && is_site && site) context.door.forget(*site);
                                    responder.result(answer);
                                });
}

}  // namespace

void add_key_routes(Api& api, ApiContext& context) {
    RouteMaker make(api, context, "keys");
    Route& route =
        make.post("/v1/keys", "changeKey", "Replace or end a key, signed by the key itself or by the board",
                  std::nullopt, "KeyChange", 32u << 10, change_key);
    route.problems = {403, 409};
    route.cost = 10;
}

}  // namespace euromesh::federation
