#include "federation/core/core.hpp"

#include <algorithm>
#include <set>

#include "federation/core/decide.hpp"

namespace euromesh::federation {
namespace {

bool changes_law(const EventData& data) {
    return std::holds_alternative<FederationFounded>(data) || std::holds_alternative<RulesChanged>(data) ||
           std::holds_alternative<SiteDescribed>(data);
}

Status check_actor(const Command& command) {
    const bool by_time =
        std::holds_alternative<Plan>(command.ask) || std::holds_alternative<Expire>(command.ask);
    if (by_time && command.actor.account != "coordinator")
        return fail(Code::refused, "only the coordinator itself plans and expires");
    return {};
}

Result<Outcome> found(const Command& command, const Found& ask, std::int64_t now_ms) {
    EM_ASSIGN(FederationRecord record, checked_federation(ask.federation));
    Outcome outcome;
    outcome.answer = Json{{"federation", record.name}, {"rules_digest", record.rules_digest}};
    outcome.events.push_back(
        make_event(0, now_ms, command.actor.account, FederationFounded{std::move(record)}));
    return outcome;
}

}  // namespace

Core::Core() = default;
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

Result<Outcome> Core::handle(const Command& command, std::int64_t now_ms) const {
    const std::int64_t now = std::max(now_ms, tables_.time_ms());
    if (const auto* ask = std::get_if<Found>(&command.ask)) {
        if (tables_.founded()) return fail(Code::conflict, "the federation is founded already");
        return found(command, *ask, now);
    }
    if (!tables_.founded()) return fail(Code::unavailable, "there is no federation yet: found it first");
    EM_TRY(check_actor(command));
    Draft draft(tables_, *law_, command.actor, now);
    auto answer = std::visit(
        [&](const auto& ask) -> Answer {
            if constexpr (std::is_same_v<std::decay_t<decltype(ask)>, Found>)
                return fail(Code::internal, "founding is handled before");
            else
                return decide_on(draft, ask);
        },
        command.ask);
    if (!answer) return fail(std::move(answer).error());
    Outcome outcome;
    outcome.events = draft.take();
    outcome.answer = std::move(*answer);
    for (const Event& event : outcome.events)
        if (event.text.size() > event_max_bytes)
            return fail(Code::bad_input, "{}: {} bytes are over the {} that one entry may have: ask for less",
                        type_of(event.data), event.text.size(), event_max_bytes);
    return outcome;
}

Status Core::apply(const Event& event) {
    EM_TRY(tables_.apply(event));
    if (!changes_law(event.data)) return {};
    EM_ASSIGN(law_, LawBook::build(tables_));
    return {};
}

Status Core::apply(std::span<const Event> events) {
    for (const Event& event : events) EM_TRY(apply(event));
    return {};
}

Result<Outcome> Core::execute(const Command& command, std::int64_t now_ms) {
    EM_ASSIGN(Outcome outcome, handle(command, now_ms));
    EM_TRY(apply(outcome.events));
    return outcome;
}

Status Core::replay(std::string_view entry) {
    EM_ASSIGN(const Event event, decode_event(entry));
    return apply(event);
}

Result<Core> Core::restore(std::string_view snapshot) {
    Core core;
    EM_ASSIGN(core.tables_, Tables::restore(snapshot));
    EM_ASSIGN(core.law_, LawBook::build(core.tables_));
    return core;
}

Orders Core::orders_for(const std::string& site, const SiteReport& report) const {
    Orders orders;
    orders.as_of = tables_.next_seq();
    orders.journal = report.journal;
    for (const std::string& id : tables_.open_claims(site)) {
        const ClaimRecord& claim = *tables_.claim(id);
        if (claim.state == "held") continue;
        if (claim.cancelling) {
            orders.cancel.push_back(id);
        } else if (claim.state == "offered") {
            orders.start.push_back(start_order(claim));
        }
    }
    for (const ClaimReport& told : report.claims) {
        const ClaimRecord* claim = tables_.claim(told.claim);
        if (claim != nullptr && claim->site == site && !claim->over()) continue;
        const bool at_rest = told.state != "accepted" && told.state != "running";
        (at_rest ? orders.forget : orders.cancel).push_back(told.claim);
    }
    return orders;
}

StartOrder Core::start_order(const ClaimRecord& claim) const {
    const JobRecord& job = *tables_.job(claim.job);
    StartOrder order{claim.id,   job.id,         job.account, job.project, claim.partition,
                     claim.gpus, claim.limit_ms, *job.spec,   {}};
    for (std::size_t i = static_cast<std::size_t>(job.attempt_from); i < job.claims.size(); ++i)
        order.sites.push_back(tables_.claim(job.claims[i])->site);
    if (job.spec->template_name != contract::train_template) return order;
    order.quorum = job.spec->quorum;
    for (const std::string& id : order.sites) {
        const contract::SiteDocument& document = tables_.site(id)->document;
        order.ways.push_back({id, document.exchange, document.hub, document.store});
    }
    return order;
}

}  // namespace euromesh::federation
