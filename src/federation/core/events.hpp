// What happened: the entries of the coordinator's log, one line of canonical JSON each.
//
//   {"v":1,"seq":7,"time":1763733600000,"type":"job.submitted","by":"https://issuer|alice","data":{...}}
//
// seq is the entry's place in the log from 0; time is milliseconds UTC; by is the account, site or
// "coordinator" that caused it. The text is what the ledger hashes and the store keeps; the typed data is
// what tables apply. decode() accepts only what encode writes: an unknown version or type is refused and
// named, so that an older program never skips what it does not understand. Plain values; no thread rule.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "federation/core/records.hpp"

namespace euromesh::federation {

inline constexpr std::size_t event_max_bytes = 1u << 20;

struct SignedBy {
    std::string key;        // name of the holder in Governance::keys
    std::string signature;  // Ed25519, hexadecimal
};

struct FederationFounded {
    static constexpr std::string_view type = "federation.founded";
    FederationRecord federation;
};
struct RulesChanged {
    static constexpr std::string_view type = "rules.changed";
    std::vector<NamedText> rules;
    std::string digest;
    std::string before;  // digest of the rules that it replaces
    std::vector<SignedBy> signatures;
};
struct ModeSet {
    static constexpr std::string_view type = "mode.set";
    std::string mode;
    std::int64_t until_ms = 0;
    std::string reason;
    std::vector<SignedBy> signatures;
};
struct KeyRotated {
    static constexpr std::string_view type = "key.rotated";
    KeyChangeRecord change;
};
struct KeyRevoked {
    static constexpr std::string_view type = "key.revoked";
    KeyChangeRecord change;
};
struct SiteAdmitted {
    static constexpr std::string_view type = "site.admitted";
    SiteRecord site;
};
struct SiteDescribed {
    static constexpr std::string_view type = "site.described";
    std::string site;
    contract::SiteDocument document;
    std::string rules_digest;
};
struct SiteStateSet {
    static constexpr std::string_view type = "site.state_set";
    std::string site;
    std::string state;
    std::string words;
};
// The agent at a site starts with an empty memory; what was offered to the former one is lost, each by its
// own event.
struct SiteJournalOpened {
    static constexpr std::string_view type = "site.journal_opened";
    std::string site;
    std::string journal;
};
struct AccountSeen {
    static constexpr std::string_view type = "account.seen";
    std::string account;
    std::string name;
    std::vector<std::string> groups;
};
struct ProjectSet {
    static constexpr std::string_view type = "project.set";
    ProjectRecord project;
};
struct DataRegistered {
    static constexpr std::string_view type = "data.registered";
    DataRecord data;
};
struct ApplicationMade {
    static constexpr std::string_view type = "application.made";
    ApplicationRecord application;
};
struct ApplicationReviewed {
    static constexpr std::string_view type = "application.reviewed";
    std::string application;
    std::string state;  // granted | refused
    std::string words;
};
struct AllocationGranted {
    static constexpr std::string_view type = "allocation.granted";
    AllocationRecord allocation;
    std::string application;  // empty: granted without one
};
struct AllocationClawedBack {
    static constexpr std::string_view type = "allocation.clawed_back";
    std::string allocation;
    std::int64_t amount = 0;      // may be 0: the checkpoint is done
    std::int64_t checkpoint = 0;  // from 1
};
struct JobSubmitted {
    static constexpr std::string_view type = "job.submitted";
    std::string job;
    std::string account;
    std::vector<std::string> groups;
    std::string project;
    contract::JobSpec spec;
    std::string digest;
    std::string key;   // idempotency key; empty: none
    std::string body;  // digest of the request
};
struct JobCancelAsked {
    static constexpr std::string_view type = "job.cancel_asked";
    std::string job;
    std::string words;
};
// An own set of rules of a site, as it was asked.
struct SiteRulesDigest {
    std::string site;
    std::string digest;
    bool operator==(const SiteRulesDigest&) const = default;
};
struct ClaimDecided {
    std::string claim;
    std::string site;
    std::string partition;
    std::int64_t gpus = 0;
    std::int64_t limit_ms = 0;
    std::int64_t held = 0;
    std::int64_t start_ms = 0;  // predicted
    std::int64_t start_p90_ms = 0;
    std::int64_t score_ms = 0;
    std::vector<std::string> after{};  // claims that must be over before this one is offered
};
struct JobDecided {
    static constexpr std::string_view type = "job.decided";
    std::string job;
    std::string job_digest;
    std::string rules_digest;
    std::vector<SiteRulesDigest> site_rules;
    std::int64_t inputs_at = 0;  // events that had happened when it was decided
    std::string allocation;
    std::string share;
    std::vector<ClaimDecided> claims;
    Json table = Json::array();  // a row for each partition: what ruled it out, or its score terms
    std::string why{};           // set: others had to go for it; each has its ClaimDisplaced
};
struct ClaimOffered {
    static constexpr std::string_view type = "claim.offered";
    std::string claim;
};
struct ClaimAccepted {
    static constexpr std::string_view type = "claim.accepted";
    std::string claim;
};
struct ClaimRefused {
    static constexpr std::string_view type = "claim.refused";
    std::string claim;
    std::string words;  // the site's own
};
struct ClaimStarted {
    static constexpr std::string_view type = "claim.started";
    std::string claim;
    std::int64_t started_ms = 0;
};
struct ClaimUsed {
    static constexpr std::string_view type = "claim.used";
    std::string claim;
    std::int64_t used_ms = 0;
};
struct ClaimEnded {
    static constexpr std::string_view type = "claim.ended";
    std::string claim;
    std::string state;            // ended | cancelled
    std::int64_t started_ms = 0;  // [started, ended); both 0: it never started
    std::int64_t ended_ms = 0;
    std::int64_t exit = 0;
    std::int64_t charged = 0;
    std::string words;
    RunProgress run{};  // of a federated run, as far as its site had told
};
struct ClaimLost {
    static constexpr std::string_view type = "claim.lost";
    std::string claim;
    std::string words;
};
// A claim gives way to a more urgent job: its site ends it, its job waits again and goes first.
struct ClaimDisplaced {
    static constexpr std::string_view type = "claim.displaced";
    std::string claim;
    std::string by;  // the job that takes its place
    std::string by_class;
    std::string rule;           // that permits it
    std::int64_t lost_mgh = 0;  // done so far and gone, by what is known now
    std::string why;
};
// What a displaced claim was charged comes back.
struct AllocationCredited {
    static constexpr std::string_view type = "allocation.credited";
    std::string allocation;
    std::string claim;
    std::int64_t amount = 0;
};
// Finished jobs and idempotency keys from before these moments leave the tables; the log keeps them.
struct RecordsPruned {
    static constexpr std::string_view type = "records.pruned";
    std::int64_t jobs_before_ms = 0;
    std::int64_t keys_before_ms = 0;
};

using EventData =
    std::variant<FederationFounded, RulesChanged, ModeSet, KeyRotated, KeyRevoked, SiteAdmitted,
                 SiteDescribed, SiteStateSet, SiteJournalOpened, AccountSeen, ProjectSet, DataRegistered,
                 ApplicationMade, ApplicationReviewed, AllocationGranted, AllocationClawedBack, JobSubmitted,
                 JobCancelAsked, JobDecided, ClaimOffered, ClaimAccepted, ClaimRefused, ClaimStarted,
                 ClaimUsed, ClaimEnded, ClaimLost, ClaimDisplaced, AllocationCredited, RecordsPruned>;

struct Event {
    std::int64_t seq = 0;
    std::int64_t time_ms = 0;
    std::string by;
    EventData data;
    std::string text;  // canonical; what is stored
};

// Makes the text.
Event make_event(std::int64_t seq, std::int64_t time_ms, std::string by, EventData data);
std::string_view type_of(const EventData& data);

// bad_input: what is wrong and in which field; an unknown version or type is named.
Result<Event> decode_event(std::string_view text);

}  // namespace euromesh::federation
