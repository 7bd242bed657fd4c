#include "base/base64.hpp"
#include "federation/service/route_maker.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t report_most_bytes = 8u << 20;

void introduce(ApiContext& context, HttpCall& call, const Responder& responder) {
    const std::string name = call.json.value("site", Json("")).is_string() ? call.json.value("site", "") : "";
    struct Known {
        std::string origin, key;
    };
    const Known known = context.coordinator.read([&](const Core& core) {
        const SiteRecord* site = core.tables().site(name);
        const bool is_in = site != nullptr && site->state != "left";
        return Known{core.tables().federation().name, is_in ? site->public_key : std::string()};
    });
    // One answer for strangers and for wrong signatures.
    if (known.key.empty())
        return responder.problem(
            not_authenticated("the introduction is not signed by the key of a site of ours"));
    const Status taken =
        context.door.introduce(known.origin, call.json, known.key, context.coordinator.now_ms());
    if (!taken && taken.error().code == Code::refused)
        return responder.problem(not_authenticated(taken.error().message));
    if (!taken) return responder.fail(taken.error());
    responder.answer(json_answer(Json::object()));
}

Status take_countersignature(ApiContext& context, const std::string& site, const Json& json) {
    constexpr std::string_view where = "countersignature";
    EM_ASSIGN(const std::int64_t size, json_integer(json, "size", where));
    Countersignature made;
    made.site = site;
    EM_ASSIGN(made.time_s, json_integer(json, "time_s", where));
    EM_ASSIGN(const std::string hint, json_string(json, "hint", where));
    EM_ASSIGN(const std::string signature, json_string(json, "signature", where));
    EM_TRY(from_hex(hint, made.hint));
    EM_TRY(from_base64(signature, made.signature));
    if (size < 0) return fail(Code::bad_input, "{}: 'size' must not be negative", where);
    return context.coordinator.countersign(static_cast<std::uint64_t>(size), std::move(made));
}

// By what an agent knows who signs now: it follows from the key that it was given.
Json rotations_of(const Core& core) {
    Json list = Json::array();
    for (const KeyChangeRecord& change : core.tables().federation().key_changes) {
        if (change.role != "coordinator") continue;
        Json signatures = Json::array();
        for (const KeySignedBy& one : change.signatures)
            signatures.push_back({{"by", one.by}, {"signature", one.signature}});
        list.push_back({{"role", change.role},
                        {"name", change.name},
                        {"key", change.key},
                        {"successor", change.successor},
                        {"signed_by", change.signed_by},
                        {"signatures", std::move(signatures)}});
    }
    return list;
}

// The newest head, and the proof that it continues what the site has signed last.
void add_head(ApiContext& context, std::int64_t witnessed, Json& answer) {
    const std::vector<SignedHead> heads = context.coordinator.heads();
    if (heads.empty()) return;
    const SignedHead& head = heads.back();
    const auto proof = context.coordinator.consistency_proof(
        static_cast<std::uint64_t>(std::max<std::int64_t>(witnessed, 0)), head.head.size);
    if (!proof) return;
    Json list = Json::array();
    for (const NodeHash& hash : *proof) list.push_back(to_base64(std::span(hash)));
    answer["head"] = encode(head);
    answer["proof"] = std::move(list);
}

struct AgentReport {
    Actor site;
    SiteReport report;
    std::int64_t witnessed = 0;
};

void answer_report(ApiContext& context, const AgentReport& told, const Responder& responder) {
    context.coordinator.report(told.site, told.report, [&context, told, responder](Result<Orders> orders) {
        if (!orders) return responder.fail(orders.error());
        Json answer = {{"orders", to_json(*orders)}, {"wanted", context.outputs.wanted(told.site.site)}};
        add_head(context, told.witnessed, answer);
        Json peers = context.coordinator.read(
            [&](const Core& core) { return context.runs->peers_of(core.tables(), told.site.site); });
        if (!peers.empty()) answer["peers"] = std::move(peers);
        Json rotations = context.coordinator.read(rotations_of);
        if (!rotations.empty()) answer["rotations"] = std::move(rotations);
        responder.answer(json_answer(answer));
    });
}

Result<AgentReport> read_report(const HttpCall& call) {
    AgentReport told{actor_of(call), {}, 0};
    const auto report = call.json.find("report");
    if (report == call.json.end()) return fail(Code::bad_input, "/report: is missing");
    EM_ASSIGN(told.report, read_site_report(*report));
    EM_ASSIGN(told.witnessed, json_integer(call.json, "witnessed", "the report"));
    return told;
}

// A countersignature that is not taken is no reason to leave a report unread.
void report(ApiContext& context, HttpCall& call, const Responder& responder) {
    auto told = read_report(call);
    if (!told) return responder.fail(told.error());
    context.runs->note(told->site.site, told->report);
    const auto countersignature = call.json.find("countersignature");
    if (countersignature != call.json.end())
        (void)take_countersignature(context, told->site.site, *countersignature);
    const auto document = call.json.find("document");
    if (document == call.json.end()) return answer_report(context, *told, responder);
    auto described = contract::read_site_document(*document);
    if (!described) return responder.fail(described.error());
    context.coordinator.execute({told->site, DescribeSite{std::move(*described)}},
                                [&context, told = *told, responder](const Result<Json>& taken) {
                                    if (!taken) return responder.fail(taken.error());
                                    answer_report(context, told, responder);
                                });
}

void output(ApiContext& context, HttpCall& call, const Responder& responder) {
    const auto claim = json_string(call.json, "claim", "output");
    if (!claim) return responder.fail(claim.error());
    Json brought = call.json;
    brought.erase("claim");
    context.outputs.bring(actor_of(call).site, *claim, brought);
    responder.answer(json_answer(Json::object()));
}

// A centre drains or leaves at any moment, by its own word.
void set_own_state(ApiContext& context, HttpCall& call, const Responder& responder) {
    SetSiteState ask;
    ask.site = actor_of(call).site;
    ask.state = call.json.value("state", "");
    ask.words = call.json.value("words", "");
    execute(context, call, std::move(ask), responder, 200);
}

}  // namespace

void add_agent_routes(Api& api, ApiContext& context) {
    RouteMaker make(api, context, "agents");
    make.post("/v1/agent/introduce", "introduceAgent", "An agent's token key, signed by its site's key",
              std::nullopt, "Introduction", 16u << 10, introduce)
        .problems = {401};
    make.post("/v1/agent/report", "reportClaims", "What became of claims; answered with orders",
              Scope::site_operate, "AgentReport", report_most_bytes, report);
    make.post("/v1/agent/state", "setOwnState", "The site drains, takes work again, or leaves",
              Scope::site_operate, "SiteState", 4096, set_own_state)
        .problems = {409};
    make.post("/v1/agent/output", "bringOutput", "What a job has printed, for somebody who asked",
              Scope::site_operate, "AgentOutput", 4u << 20, output);
}

}  // namespace euromesh::federation
