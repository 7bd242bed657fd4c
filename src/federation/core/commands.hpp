// What can be asked of the coordinator, and by whom. Plain values; no thread rule.
//
// The service has already authenticated the actor (identity) or the site (its key); whether the actor may do
// it is decided in the core.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "contract/run_placement.hpp"
#include "federation/core/events.hpp"
#include "federation/ledger/key_book.hpp"

namespace euromesh::federation {

struct Actor {
    std::string account;  // issuer|subject; "coordinator" for what time alone brings about
    std::string name;
    std::vector<std::string> groups;
    std::vector<std::string> scopes;
    std::string site;  // set: it is a site's agent, proved by the site's key
};

struct Found {
    FederationRecord federation;  // rules_digest is filled in
};
// message_to_sign(...) is what the holders sign.
struct ChangeRules {
    std::vector<NamedText> rules;
    std::vector<SignedBy> signatures;
};
struct SetMode {
    std::string mode;  // normal | emergency
    std::int64_t until_ms = 0;
    std::string reason;
    std::vector<SignedBy> signatures;
};
// By whoever has signed it: the key's owner or the board. Sent again, it changes nothing more.
struct ChangeKey {
    KeyEvent change;
};
struct AdmitSite {
    std::string id;
    std::string public_key;
    std::string country;
    std::string op;
    std::string hosting = "national";
    std::vector<std::string> owners;
    std::map<std::string, std::int64_t> shares{};  // thousandths by owner, together at most 1000
};
struct DescribeSite {  // by the site
    contract::SiteDocument document;
};
// By the site itself or an administrator. `left` gives up what is open there: its jobs are reported lost.
struct SetSiteState {
    std::string site;
    std::string state;  // active | draining | left
    std::string words;
};
struct SeeAccount {};  // notes the actor
struct SetProject {    // by an administrator; a manager may change groups and members
    ProjectRecord project;
};
struct RegisterData {
    DataRecord data;
};
struct Apply {
    std::string project;
    std::string tier;
    std::string share = "ju";
    std::int64_t amount = 0;
    std::string purpose;
};
struct Review {
    std::string application;
    bool grant = false;
    std::string words;  // needed for a refusal
};
struct Grant {  // by an administrator, without an application
    std::string project;
    std::string tier;
    std::string share = "ju";
    std::string owner;
    std::int64_t amount = 0;
    std::int64_t begin_ms = 0;
    std::int64_t end_ms = 0;
};
struct Submit {
    contract::JobSpec spec;
    std::string key;   // idempotency key; empty: none
    std::string body;  // digest of the request's bytes; empty: the spec's digest
};
struct Cancel {
    std::string job;
    std::string words;
};
// One placement round over at most `most` waiting jobs. By the coordinator.
struct Plan {
    std::int64_t most = 500;
};
// What the agent knows of one claim. Times are 0 while unknown.
struct ClaimReport {
    std::string claim;
    std::string state;  // accepted | refused | running | ended | cancelled | lost
    std::int64_t started_ms = 0;
    std::int64_t ended_ms = 0;
    std::int64_t used_ms = 0;
    std::int64_t exit = 0;
    std::string words;
    RunProgress run{};  // of a federated run: as far as its trainer has come
};
// All that the agent has in its journal, and the newest orders that it has taken in. It may come doubled,
// late and out of order. A claim that was offered before `orders_seen` and is not among `claims` is lost.
struct SiteReport {                 // by the site
    std::string journal;            // chosen at random when the agent's journal was made
    std::int64_t orders_seen = -1;  // Orders::as_of; -1: none
    std::vector<ClaimReport> claims;
};
// An administrator settles what a site will not report any more.
struct Settle {
    std::string claim;
    std::string words;
};
// What time brings about: claw-back at checkpoints, pruning, the end of emergency mode. By the coordinator.
struct Expire {};

using Ask = std::variant<Found, ChangeRules, SetMode, ChangeKey, AdmitSite, DescribeSite, SetSiteState,
                         SeeAccount, SetProject, RegisterData, Apply, Review, Grant, Submit, Cancel, Plan,
                         SiteReport, Settle, Expire>;

struct Command {
    Actor actor;
    Ask ask;
};

struct Outcome {
    std::vector<Event> events;  // to append, in this order; may be none
    Json answer = Json::object();
};

// What an agent shall do, all of it. An agent ignores orders with an as_of below the newest that it has taken
// in, which it keeps in its journal: so a start that comes late can never start a forgotten claim again. One
// for a journal that is lost must not reach the next: what it started is lost with it, and may be running. A
// cancel of a claim that it does not know goes into its journal as cancelled, and is reported like the others
// until it is to be forgotten.
struct StartOrder {
    std::string claim;  // the marker of the job at the site
    std::string job;
    std::string account;
    std::string project;
    std::string partition;
    std::int64_t gpus = 0;
    std::int64_t limit_ms = 0;
    contract::JobSpec spec;
    std::vector<std::string> sites;  // of the same job, this one included
    std::int64_t quorum = 1;
    std::vector<contract::PlacedSite> ways{};  // of a federated run: how those sites are reached
};
struct Orders {
    std::int64_t as_of = 0;  // events that they rest on; hand them out only when those are durable
    std::vector<StartOrder> start;
    std::vector<std::string> cancel;
    std::vector<std::string> forget;  // over, and known to be: may leave the journal
    std::string journal{};            // that they are for: another one takes no notice of them; empty: any
};

// bad_input with the JSON pointer. The wire form between agent and coordinator.
Result<SiteReport> read_site_report(const Json& json);
Json to_json(const SiteReport& report);
Json to_json(const Orders& orders);
Result<Orders> read_orders(const Json& json);

}  // namespace euromesh::federation
