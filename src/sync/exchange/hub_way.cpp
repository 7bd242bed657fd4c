#include "sync/exchange/hub_way.hpp"

namespace euromesh::sync {
namespace {

Result<HubState> next_state(Dialogue& hub) {
    EM_ASSIGN(const std::string text, hub.receive_message(hub_message_most));
    auto state = parse_hub_state(text);
    if (!state) return fail(state.error().within(hub.who()));
    return state;
}

}  // namespace

Status HubWay::introduce(Dialogue& hub) const {
    EM_ASSIGN(const std::string greeting, hub.receive_message(hub_message_most));
    const auto challenge = parse_hub_greeting(greeting);
    if (!challenge) return fail(challenge.error().within(hub.who()));
    EM_ASSIGN(const HubProof proof, make_hub_proof(config_.party, config_.credentials, *challenge));
    EM_TRY(hub.send_message(hub_proof_text(proof)));
    EM_ASSIGN(HubState state, next_state(hub));
    // The peer may come tomorrow; a dead hub is noticed by the kernel.
    hub.wait_without_limit();
    while (state != HubState::paired) {
        EM_ASSIGN(state, next_state(hub));
    }
    return {};
}

Result<Arrival> HubWay::connect(std::stop_token stop) {
    auto socket = dialler_.dial(config_.hub, stop);
    if (!socket) return fail(socket.error().within("hub"));
    Dialogue hub(*socket, clock_, config_.connector.limit, stop, text());
    const Status introduced = introduce(hub);
    if (introduced) return Arrival{std::move(*socket), text()};
    const std::string complaint = dialler_.complaint();
    if (complaint.empty()) return fail(introduced.error());
    return fail(Code::refused, "{}: {}", text(), complaint);
}

}  // namespace euromesh::sync
