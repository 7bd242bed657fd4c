// The rows of the coordinator's tables: sites, accounts, projects, data sets, applications, allocations,
// jobs, claims.
//
// Plain values with describe() for canonical JSON (fields.hpp); no thread rule. Times are milliseconds UTC,
// amounts milli-GPU-hours (mgh), both integers. Ids are text made from the event's number: "j17", "c20-0",
// "a9".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "contract/job_spec.hpp"
#include "contract/site_document.hpp"
#include "federation/core/run_progress.hpp"

namespace euromesh::federation {

// ceil(gpus x milliseconds / 3600): GPU-hours in thousandths, rounded up once a claim. Cut at amount_most.
inline constexpr std::int64_t amount_most = 1'000'000'000'000'000;
std::int64_t milli_gpu_hours(std::int64_t gpus, std::int64_t duration_ms);

// A way to get time, from data/access_modes.csv (tiers.hpp).
struct Tier {
    std::string id;
    std::string name;
    std::int64_t most_mgh = 0;     // of one allocation; 0: no limit
    std::int64_t review_days = 0;  // what the published process takes: the clock of the review queue
    std::int64_t months = 0;
    bool instant = false;  // decided by the rules alone
    bool operator==(const Tier&) const = default;
};

// Who may change rules and declare an emergency: a board's key, a lead body's key, or k of n members' keys.
struct Governance {
    std::string pathway = "board";  // board | lead | members
    std::map<std::string, std::string>
        keys;                           // name of the holder -> Ed25519 public key, 64 hexadecimal digits
    std::int64_t needed = 1;            // signatures for new rules
    std::int64_t needed_emergency = 1;  // signatures for emergency mode
    std::int64_t emergency_most_ms = 7ll * 86400 * 1000;
    bool operator==(const Governance&) const = default;
};

// At each checkpoint (thousandths of an allocation's time) at least tolerance x elapsed x granted must have
// been used or held; what is missing is taken back.
struct ClawBack {
    std::vector<std::int64_t> checkpoints_permille{500, 750};
    std::int64_t tolerance_permille = 500;
    bool operator==(const ClawBack&) const = default;
};

struct NamedText {
    std::string name;
    std::string text;
    bool operator==(const NamedText&) const = default;
};

// A key of the coordinator, a site or the board that was replaced or ended (ledger/key_book.hpp).
struct KeySignedBy {
    std::string by;
    std::string signature;  // Ed25519, hexadecimal
    bool operator==(const KeySignedBy&) const = default;
};
struct KeyChangeRecord {
    std::string role;  // coordinator | site | board
    std::string name;
    std::string key;
    std::string successor;  // empty: revoked
    std::string signed_by;  // owner | board
    std::vector<KeySignedBy> signatures;
    bool operator==(const KeyChangeRecord&) const = default;
};

struct FederationRecord {
    std::string name;
    std::string coordinator_key;              // Ed25519 public key, hexadecimal
    std::vector<std::string> administrators;  // accounts
    std::vector<std::string> reviewers;
    Governance governance;
    std::vector<Tier> tiers;
    std::vector<std::string> eu_countries;
    std::vector<std::string> participating_countries;
    ClawBack claw_back;
    std::int64_t key_age_ms = 86400ll * 1000;            // of an idempotency key
    std::int64_t record_age_ms = 90ll * 86400 * 1000;    // of a finished job in the tables; the log keeps it
    std::int64_t records_most = 200'000;                 // so many finished jobs at most, the newest
    std::int64_t use_half_life_ms = 7ll * 86400 * 1000;  // of use in fair share
    std::vector<NamedText> rules;
    std::string rules_digest;
    std::int64_t rules_version = 1;  // counts changes, so that a signature is good for one
    std::string mode = "normal";     // normal | emergency, until mode_until_ms
    std::int64_t mode_until_ms = 0;
    std::vector<KeyChangeRecord> key_changes;  // all, oldest first: no key comes back
};

struct SiteStateChange {
    std::int64_t time_ms = 0;
    std::string state;
    std::string words;
    bool operator==(const SiteStateChange&) const = default;
};
inline constexpr std::size_t site_changes_most = 100;

struct SiteRecord {
    std::string id;
    std::string public_key;  // of the agent
    std::string country;
    std::string op;
    std::string hosting = "national";            // ju | national | private
    std::vector<std::string> owners;             // countries of the national share
    std::map<std::string, std::int64_t> shares;  // thousandths by owner; empty: equal parts (turns.hpp)
    std::string state = "active";                // active | draining | left
    bool described = false;
    contract::SiteDocument document;
    std::string rules_digest;
    std::string journal;  // of the agent: a new one means that it has lost its memory
    std::vector<std::string> old_journals;
    std::vector<SiteStateChange> changes;  // of its state, the newest
};

struct AccountRecord {
    std::string id;  // issuer|subject
    std::string name;
    std::vector<std::string> groups;
    std::int64_t seen_ms = 0;
};

struct ProjectRecord {
    std::string id;
    std::string title;
    std::string organisation;
    std::string organisation_kind = "research";  // research | public | sme | startup | company
    std::string country;
    bool civilian = true;
    bool export_authorised = false;
    std::vector<std::string> groups;    // whoever has one of them is a member
    std::vector<std::string> members;   // accounts
    std::vector<std::string> managers;  // accounts that may apply and change members
};

struct DataRecord {
    std::string id;
    std::string project;
    std::string residency = "none";  // none | eu | country | site
    std::string country;
    std::string site;  // where it lies
    std::int64_t bytes = 0;
    bool sensitive = false;
};

struct ApplicationRecord {
    std::string id;
    std::string project;
    std::string account;
    std::string tier;
    std::string share = "ju";  // whose time: ju | national | private
    std::int64_t amount = 0;
    std::string purpose;
    std::string state = "in-review";  // in-review | granted | refused
    std::int64_t made_ms = 0;
    std::int64_t due_ms = 0;
    std::int64_t decided_ms = 0;
    std::string words;       // reason given, or the rule that refused
    std::string allocation;  // granted
};

// used + held + left = granted, and none below zero: asserted at every event.
struct AllocationRecord {
    std::string id;
    std::string project;
    std::string tier;
    std::string share = "ju";
    std::string owner;  // whose share pays in fair share: "ju", or a country
    std::int64_t granted = 0;
    std::int64_t used = 0;
    std::int64_t held = 0;
    std::int64_t left = 0;
    std::int64_t clawed_back = 0;       // taken from what was granted at first
    std::int64_t checkpoints_done = 0;  // of the claw-back
    std::int64_t begin_ms = 0;          // half-open
    std::int64_t end_ms = 0;
    std::int64_t credited = 0;  // came back on top of what was granted: work that was displaced
};

struct Refusal {
    std::string site;
    std::string words;  // the site's own
    bool operator==(const Refusal&) const = default;
};

struct JobRecord {
    std::string id;
    std::int64_t number = 0;
    std::string account;
    std::vector<std::string> groups;
    std::string project;
    // Never changes, and is most of a job: copies of the tables share it.
    std::shared_ptr<const contract::JobSpec> spec = std::make_shared<const contract::JobSpec>();
    std::string digest;
    std::string state = "waiting";  // waiting | placed | running | completed | failed | cancelled | lost
    std::int64_t submitted_ms = 0;
    std::int64_t ended_ms = 0;
    std::vector<std::string> claims;  // of all attempts
    std::int64_t decided_seq = 0;     // the newest decision's event; 0: none
    std::int64_t attempt_from = 0;    // claims from here on are the newest attempt
    std::vector<Refusal> refusals;    // sites that said no: excluded
    bool cancelling = false;          // the person asked for the end
    bool giving_up = false;           // its quorum is lost: what is left of this attempt ends
    std::int64_t displaced = 0;       // how often it had to give way
    std::string words;
    bool over() const { return state != "waiting" && state != "placed" && state != "running"; }
};

struct ClaimRecord {
    std::string id;
    std::string job;
    std::string site;
    std::string partition;
    std::string allocation;  // that pays; empty: nothing is paid
    std::int64_t gpus = 0;
    std::int64_t limit_ms = 0;
    std::int64_t held = 0;
    std::string state = "held";  // held | offered | accepted | running | ended | cancelled | refused | lost
    std::int64_t decided_ms = 0;
    std::int64_t offered_seq = 0;
    std::int64_t started_ms = 0;
    std::int64_t ended_ms = 0;
    std::int64_t used_ms = 0;
    std::int64_t exit = 0;
    std::int64_t charged = 0;
    bool cancelling = false;
    std::string words;
    std::vector<std::string> after;  // claims that must be over before it is offered
    std::string displaced_by;        // the job that takes its place
    std::int64_t displaced_seq = 0;  // the event that says so
    std::int64_t due_back = 0;       // was charged, and will be credited
    std::int64_t credited = 0;
    RunProgress run;  // of a federated run, when it has ended
    bool over() const {
        return state == "ended" || state == "cancelled" || state == "refused" || state == "lost";
    }
};

struct KeyRecord {
    std::string account;
    std::string key;
    std::string body;  // digest
    std::string job;
    std::int64_t time_ms = 0;
};

template <class A>
void describe(A& a, Tier& x) {
    a("id", x.id), a("name", x.name), a.optional("most_mgh", x.most_mgh),
        a.optional("review_days", x.review_days);
    a.optional("months", x.months), a.optional("instant", x.instant);
}
template <class A>
void describe(A& a, Governance& x) {
    a("pathway", x.pathway), a("keys", x.keys), a("needed", x.needed),
        a("needed_emergency", x.needed_emergency);
    a("emergency_most_ms", x.emergency_most_ms);
}
template <class A>
void describe(A& a, ClawBack& x) {
    a("checkpoints_permille", x.checkpoints_permille), a("tolerance_permille", x.tolerance_permille);
}
template <class A>
void describe(A& a, NamedText& x) {
    a("name", x.name), a("text", x.text);
}
template <class A>
void describe(A& a, KeySignedBy& x) {
    a("by", x.by), a("signature", x.signature);
}
template <class A>
void describe(A& a, KeyChangeRecord& x) {
    a("role", x.role), a("name", x.name), a("key", x.key), a.optional("successor", x.successor);
    a("signed_by", x.signed_by), a("signatures", x.signatures);
}
template <class A>
void describe(A& a, FederationRecord& x) {
    a("name", x.name), a("coordinator_key", x.coordinator_key), a("administrators", x.administrators);
    a.optional("reviewers", x.reviewers), a("governance", x.governance), a("tiers", x.tiers);
    a("eu_countries", x.eu_countries), a("participating_countries", x.participating_countries);
    a("claw_back", x.claw_back), a("key_age_ms", x.key_age_ms), a("record_age_ms", x.record_age_ms);
    a.optional("records_most", x.records_most), a.optional("use_half_life_ms", x.use_half_life_ms);
    a("rules", x.rules), a("rules_digest", x.rules_digest), a("rules_version", x.rules_version),
        a("mode", x.mode);
    a.optional("mode_until_ms", x.mode_until_ms), a.optional("key_changes", x.key_changes);
}
template <class A>
void describe(A& a, SiteStateChange& x) {
    a("time_ms", x.time_ms), a("state", x.state), a.optional("words", x.words);
}
template <class A>
void describe(A& a, SiteRecord& x) {
    a("id", x.id), a("public_key", x.public_key), a("country", x.country), a("operator", x.op);
    a("hosting", x.hosting), a.optional("owners", x.owners), a.optional("shares", x.shares);
    a("state", x.state);
    a.optional("described", x.described);
    if (x.described) a("document", x.document);
    a.optional("rules_digest", x.rules_digest), a.optional("journal", x.journal);
    a.optional("old_journals", x.old_journals), a.optional("changes", x.changes);
}
template <class A>
void describe(A& a, AccountRecord& x) {
    a("id", x.id), a.optional("name", x.name), a.optional("groups", x.groups),
        a.optional("seen_ms", x.seen_ms);
}
template <class A>
void describe(A& a, ProjectRecord& x) {
    a("id", x.id), a.optional("title", x.title), a("organisation", x.organisation);
    a("organisation_kind", x.organisation_kind), a("country", x.country), a("civilian", x.civilian);
    a.optional("export_authorised", x.export_authorised), a.optional("groups", x.groups);
    a.optional("members", x.members), a.optional("managers", x.managers);
}
template <class A>
void describe(A& a, DataRecord& x) {
    a("id", x.id), a("project", x.project), a("residency", x.residency), a.optional("country", x.country);
    a.optional("site", x.site), a.optional("bytes", x.bytes), a.optional("sensitive", x.sensitive);
}
template <class A>
void describe(A& a, ApplicationRecord& x) {
    a("id", x.id), a("project", x.project), a("account", x.account), a("tier", x.tier), a("share", x.share);
    a("amount", x.amount), a.optional("purpose", x.purpose), a("state", x.state), a("made_ms", x.made_ms);
    a("due_ms", x.due_ms), a.optional("decided_ms", x.decided_ms), a.optional("words", x.words);
    a.optional("allocation", x.allocation);
}
template <class A>
void describe(A& a, AllocationRecord& x) {
    a("id", x.id), a("project", x.project), a("tier", x.tier), a("share", x.share), a("owner", x.owner);
    a("granted", x.granted), a("used", x.used), a("held", x.held), a("left", x.left);
    a.optional("clawed_back", x.clawed_back), a.optional("checkpoints_done", x.checkpoints_done);
    a("begin_ms", x.begin_ms), a("end_ms", x.end_ms), a.optional("credited", x.credited);
}
template <class A>
void describe(A& a, Refusal& x) {
    a("site", x.site), a.optional("words", x.words);
}
template <class A>
void describe(A& a, JobRecord& x) {
    a("id", x.id), a("number", x.number), a("account", x.account), a.optional("groups", x.groups);
    a("project", x.project), a("spec", x.spec), a("digest", x.digest), a("state", x.state);
    a("submitted_ms", x.submitted_ms), a.optional("ended_ms", x.ended_ms), a.optional("claims", x.claims);
    a.optional("decided_seq", x.decided_seq), a.optional("attempt_from", x.attempt_from),
        a.optional("refusals", x.refusals), a.optional("cancelling", x.cancelling);
    a.optional("giving_up", x.giving_up), a.optional("displaced", x.displaced), a.optional("words", x.words);
}
template <class A>
void describe(A& a, ClaimRecord& x) {
    a("id", x.id), a("job", x.job), a("site", x.site), a("partition", x.partition);
    a.optional("allocation", x.allocation), a.optional("gpus", x.gpus), a("limit_ms", x.limit_ms);
    a.optional("held", x.held), a("state", x.state), a("decided_ms", x.decided_ms);
    a.optional("offered_seq", x.offered_seq), a.optional("started_ms", x.started_ms);
    a.optional("ended_ms", x.ended_ms), a.optional("used_ms", x.used_ms), a.optional("exit", x.exit);
    a.optional("charged", x.charged), a.optional("cancelling", x.cancelling), a.optional("words", x.words);
    a.optional("after", x.after), a.optional("displaced_by", x.displaced_by);
    a.optional("displaced_seq", x.displaced_seq), a.optional("due_back", x.due_back);
    a.optional("credited", x.credited);
    a.optional("run", x.run);
}
template <class A>
void describe(A& a, KeyRecord& x) {
    a("account", x.account), a("key", x.key), a("body", x.body), a("job", x.job), a("time_ms", x.time_ms);
}

}  // namespace euromesh::federation
