#include "federation/core/events.hpp"

#include <array>

#include "federation/core/fields.hpp"

namespace euromesh::federation {

template <class A>
void describe(A& a, SignedBy& x) {
    a("key", x.key), a("signature", x.signature);
}
template <class A>
void describe(A& a, FederationFounded& x) {
    a("federation", x.federation);
}
template <class A>
void describe(A& a, RulesChanged& x) {
    a("rules", x.rules), a("digest", x.digest), a("before", x.before), a("signatures", x.signatures);
}
template <class A>
void describe(A& a, ModeSet& x) {
    a("mode", x.mode), a("until_ms", x.until_ms), a("reason", x.reason), a("signatures", x.signatures);
}
template <class A>
void describe(A& a, KeyRotated& x) {
    describe(a, x.change);
}
template <class A>
void describe(A& a, KeyRevoked& x) {
    describe(a, x.change);
}
template <class A>
void describe(A& a, SiteAdmitted& x) {
    a("site", x.site);
}
template <class A>
void describe(A& a, SiteDescribed& x) {
    a("site", x.site), a("document", x.document), a.optional("rules_digest", x.rules_digest);
}
template <class A>
void describe(A& a, SiteStateSet& x) {
    a("site", x.site), a("state", x.state), a.optional("words", x.words);
}
template <class A>
void describe(A& a, SiteJournalOpened& x) {
    a("site", x.site), a("journal", x.journal);
}
template <class A>
void describe(A& a, AccountSeen& x) {
    a("account", x.account), a.optional("name", x.name), a.optional("groups", x.groups);
}
template <class A>
void describe(A& a, ProjectSet& x) {
    a("project", x.project);
}
template <class A>
void describe(A& a, DataRegistered& x) {
    a("data", x.data);
}
template <class A>
void describe(A& a, ApplicationMade& x) {
    a("application", x.application);
}
template <class A>
void describe(A& a, ApplicationReviewed& x) {
    a("application", x.application), a("state", x.state), a.optional("words", x.words);
}
template <class A>
void describe(A& a, AllocationGranted& x) {
    a("allocation", x.allocation), a.optional("application", x.application);
}
template <class A>
void describe(A& a, AllocationClawedBack& x) {
    a("allocation", x.allocation), a("amount", x.amount), a("checkpoint", x.checkpoint);
}
template <class A>
void describe(A& a, JobSubmitted& x) {
    a("job", x.job), a("account", x.account), a.optional("groups", x.groups), a("project", x.project);
    a("spec", x.spec), a("digest", x.digest), a.optional("key", x.key), a.optional("body", x.body);
}
template <class A>
void describe(A& a, JobCancelAsked& x) {
    a("job", x.job), a.optional("words", x.words);
}
template <class A>
void describe(A& a, SiteRulesDigest& x) {
    a("site", x.site), a("digest", x.digest);
}
template <class A>
void describe(A& a, ClaimDecided& x) {
    a("claim", x.claim), a("site", x.site), a("partition", x.partition), a.optional("gpus", x.gpus);
    a("limit_ms", x.limit_ms), a.optional("held", x.held), a("start_ms", x.start_ms);
    a("start_p90_ms", x.start_p90_ms), a("score_ms", x.score_ms), a.optional("after", x.after);
}
template <class A>
void describe(A& a, JobDecided& x) {
    a("job", x.job), a("job_digest", x.job_digest), a("rules_digest", x.rules_digest);
    a.optional("site_rules", x.site_rules), a("inputs_at", x.inputs_at),
        a.optional("allocation", x.allocation);
    a.optional("share", x.share), a("claims", x.claims), a("table", x.table);
    a.optional("why", x.why);
}
template <class A>
void describe(A& a, ClaimOffered& x) {
    a("claim", x.claim);
}
template <class A>
void describe(A& a, ClaimAccepted& x) {
    a("claim", x.claim);
}
template <class A>
void describe(A& a, ClaimRefused& x) {
    a("claim", x.claim), a.optional("words", x.words);
}
template <class A>
void describe(A& a, ClaimStarted& x) {
    a("claim", x.claim), a("started_ms", x.started_ms);
}
template <class A>
void describe(A& a, ClaimUsed& x) {
    a("claim", x.claim), a("used_ms", x.used_ms);
}
template <class A>
void describe(A& a, ClaimEnded& x) {
    a("claim", x.claim), a("state", x.state), a.optional("started_ms", x.started_ms);
    a.optional("ended_ms", x.ended_ms), a.optional("exit", x.exit), a.optional("charged", x.charged);
    a.optional("words", x.words), a.optional("run", x.run);
}
template <class A>
void describe(A& a, ClaimLost& x) {
    a("claim", x.claim), a.optional("words", x.words);
}
template <class A>
void describe(A& a, ClaimDisplaced& x) {
    a("claim", x.claim), a("by", x.by), a("by_class", x.by_class), a("rule", x.rule);
    a.optional("lost_mgh", x.lost_mgh), a("why", x.why);
}
template <class A>
void describe(A& a, AllocationCredited& x) {
    a("allocation", x.allocation), a("claim", x.claim), a("amount", x.amount);
}
template <class A>
void describe(A& a, RecordsPruned& x) {
    a("jobs_before_ms", x.jobs_before_ms), a("keys_before_ms", x.keys_before_ms);
}

namespace {

constexpr std::int64_t version = 1;

struct Head {
    std::int64_t v = version;
    std::int64_t seq = 0;
    std::int64_t time = 0;
    std::string type;
    std::string by;
    Json data;
};
template <class A>
void describe(A& a, Head& x) {
    a("v", x.v), a("seq", x.seq), a("time", x.time), a("type", x.type), a("by", x.by), a("data", x.data);
}

template <class T>
bool read_as(const Head& head, Result<EventData>& data) {
    if (head.type != T::type) return false;
    auto record = read_record<T>(head.data, head.type);
    if (record)
        data = EventData(std::move(*record));
    else
        data = fail(std::move(record).error());
    return true;
}

template <std::size_t... I>
Result<EventData> read_data(const Head& head, std::index_sequence<I...>) {
    Result<EventData> data = fail(
        Code::bad_input, "event {} is of the type '{}', which this program does not know: use a newer one",
        head.seq, head.type.substr(0, 80));
    (read_as<std::variant_alternative_t<I, EventData>>(head, data) || ...);
    return data;
}

}  // namespace

std::string_view type_of(const EventData& data) {
    return std::visit([](const auto& one) { return std::decay_t<decltype(one)>::type; }, data);
}

Event make_event(std::int64_t seq, std::int64_t time_ms, std::string by, EventData data) {
    Event event{seq, time_ms, std::move(by), std::move(data), {}};
    event.text.reserve(1024);
    event.text = fmt::format(R"({{"v":{},"seq":{},"time":{},"type":"{}","by":)", version, seq, time_ms,
                             type_of(event.data));
    append_json_text(event.text, event.by);
    event.text += R"(,"data":)";
    std::visit([&](const auto& one) { append_record(event.text, one); }, event.data);
    event.text += '}';
    return event;
}

Result<Event> decode_event(std::string_view text) {
    EM_ASSIGN(const Json json, parse_json(text, event_max_bytes));
    const auto found = json.is_object() ? json.find("v") : json.end();
    if (found == json.end() || !found->is_number_integer() || found->get<std::int64_t>() != version)
        return fail(Code::bad_input,
                    "an event is not of version {}: use the program that wrote it, or a newer one", version);
    EM_ASSIGN(Head head, read_record<Head>(json, "event"));
    constexpr auto types = std::make_index_sequence<std::variant_size_v<EventData>>();
    EM_ASSIGN(EventData data, read_data(head, types).map_error([&](const Error& error) {
        return error.within(fmt::format("event {}", head.seq));
    }));
    return Event{head.seq, head.time, std::move(head.by), std::move(data), std::string(text)};
}

}  // namespace euromesh::federation
