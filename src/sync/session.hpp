// What a site's program uses to train one model with other sites.
//
// Why: everything about peers (who is there, who leads, what to do when one dies, moving bytes) is behind
// three calls. A session has one thread of its own that talks to the peers while the caller computes.
//
//   auto session = Session::open(config, clock, logger);
//   auto begin = session->start(OuterState::from(weights));       // or the state of a run that is under way
//   for (round = begin.round; round < rounds; round = outcome.next_round)
//       train `inner_steps` steps from a copy of session->outer().params
//       outcome = session->exchange(local_weights, {tokens, steps});
//   session->leave();
//
// Overlap: contribute() gives what exchange() gives and returns at once; the site trains on, and await()
// takes what came of it some inner steps later; merge() brings it into the parameters that have moved on, by
// the run's rule (outer_overlap.hpp).
//
// Fragments: with F of them a round is of one, in turn (fragment.hpp), and `inner_steps` are those between
// two rounds. Then merge() must be used: the other fragments go on from where they are.
//
// Late: with a grace (grace.hpp) a round waits for a quorum and not for everybody. A site that misses one
// follows, and what it contributed goes into the next round of its fragment, or is dropped. By the weights
// each_step what is dropped is kept: merge() leaves that work in the parameters, on top of the new outer
// ones, and the next contribution of the fragment has it, too. A slower site asks is_due() and gives in time
// what it has.
//
// Thread rule: all calls from one thread, except cancel() and stop_waiting(), which are safe from any (not
// from a signal handler). Spans and references that a session gives are valid until its next call.
//
// Invariants
// - Every site has the same outer state, bit by bit, at the same round; digests are compared every round.
// - The pseudo-gradient is theta_start - local of an explicit copy; it is never aliased.
// - A peer that dies, leaves, comes back or never comes does not end a session. With one site no network is
//   needed. What ends one: cancel(), the own disk or port, the own contribution not finite.
// - A contribution counts once or not at all; when it does not, the outcome says so.
//
// It does not: start processes, write checkpoints, choose inner steps beyond the schedule.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/os/file.hpp"
#include "base/os/tls.hpp"
#include "contract/layout.hpp"
#include "sync/exchange/mesh.hpp"
#include "sync/grace.hpp"
#include "sync/manifest.hpp"
#include "sync/outer.hpp"
#include "sync/outer_overlap.hpp"

namespace euromesh::sync {

struct SessionConfig {
    RunId run;
    std::vector<SiteAddress> sites;  // all sites of the run in rank order, this one among them
    Rank self = 0;
    // Absent: plain TCP without authentication, for tests and measurements only.
    std::optional<os::TlsCredentials> tls;
    std::optional<os::Endpoint> listen;      // absent: the own address of `sites`
    std::vector<std::shared_ptr<Way>> ways;  // to the others by rank, as in MeshConfig; none: dial and listen
    std::optional<ConnectorOptions> connector;
    Nanoseconds handshake_limit = std::chrono::seconds(20);

    contract::Layout layout;
    std::string codec = "int8";
    unsigned codec_threads = 1;  // for coding large buffers
    OuterConfig outer;
    OuterSchedule schedule;
    WeightRule weights = WeightRule::tokens;

    std::size_t starting_members = 0;  // a new run begins when so many are there; 0: all of `sites`
    std::size_t quorum = 1;            // fewer contributions than this are no round: it waits
    std::uint64_t fragments = 1;
    MergeRule merge = MergeRule::rebase;  // rebase keeps one more copy of the parameters
    std::uint64_t rounds = std::numeric_limits<std::uint64_t>::max();  // of the run; late work makes no more
    std::optional<GraceConfig> grace;  // absent: a round waits for all members
    // Rounds of its fragment that a contribution may be late; 0: none. With momentum stale contributions harm
    // (docs/models/rounds.md).
    std::uint64_t staleness_most = 0;
    std::uint64_t catch_up_rounds = 4;  // further behind a member takes the whole state
    double norm_gate = 0;  // leaves out contributions this many times above the median norm; 0: none
    // For the sites of a new run to appear. A restarted site finds a running one within this time, too.
    Nanoseconds start_limit = std::chrono::minutes(5);
    Nanoseconds silence_limit = std::chrono::seconds(60);  // a peer silent for longer is taken for dead
    Nanoseconds leave_limit = std::chrono::seconds(10);    // how long leave() helps others to finish

    os::Path manifest_path;  // appended to; empty: not written
};

// Something that happened to the membership or to an attempt, for the run's report.
struct SessionEvent {
    double seconds = 0;  // since open()
    std::uint64_t round = 0;
    // join | leave | lost | abort | takeover | parity | behind | dropped | gate | refused | state
    std::string kind;
    std::string site;  // whom it is about; may be empty
    std::string text;  // one line for people
};

struct StartOutcome {
    bool joined = false;  // took its state from a peer: the caller's initial state was not used
    std::uint64_t round = 0;
    std::uint64_t inner_steps = 0;  // to do before the first exchange
    std::vector<SiteId> members;
    double wait_seconds = 0;
    std::vector<SessionEvent> events;
};

struct Work {
    std::uint64_t tokens = 0;
    std::uint64_t inner_steps = 0;
};

// What became of this site's contributions: handed_in = counted + dropped + pending, always.
struct Tally {
    std::uint64_t handed_in = 0;
    std::uint64_t counted = 0;  // in a manifest
    std::uint64_t dropped = 0;  // each with an event that says why
    std::uint64_t pending = 0;
    bool operator==(const Tally&) const = default;
};

struct RoundOutcome {
    bool contributed = true;        // false: the round was committed without this site's contribution
    bool pending = false;           // which then waits for the next round of its fragment
    bool kept = false;              // or: whose work is still in the parameters and goes into the next one
    std::uint64_t round = 0;        // that was committed last
    std::uint64_t next_round = 0;   // to go on with: round + 1
    std::uint64_t inner_steps = 0;  // of the next round
    Manifest manifest;              // of `round`; empty when this site got its state from a peer instead
    std::string state_digest;
    std::vector<SiteId> members;   // live at the end of the round
    double wait_seconds = 0;       // in exchange(), all of it
    double reduce_seconds = 0;     // of that: moving and summing, last attempt
    std::uint64_t sent_bytes = 0;  // since the exchange before: sockets, TLS and framing included
    std::uint64_t received_bytes = 0;
    std::uint64_t payload_bytes = 0;  // of the own encoded contribution
    OuterDiagnostics outer;
    double cosine_to_mean = 0;  // of the own pseudo-gradient
    double local_norm = 0;
    std::vector<SessionEvent> events;
};

class Session {
  public:
    // bad_input: the configuration; conflict: the port is taken; refused: credentials that do not fit.
    static Result<std::unique_ptr<Session>> open(SessionConfig config, const Clock& clock,
                                                 const Logger& logger);
    // Without leave() this is a sudden end to the others.
    ~Session();

    // Once. Waits until enough sites of a new run are there, or takes the state from a run under way. Sites
    // that start from different positions follow the one with most tokens. unavailable: names who is missing;
    // bad_input: a state that is not finite, or of a run of another outer kind (prepare_state()).
    Result<StartOutcome> start(OuterState initial, Position from = {});

    // local.size() == outer().params.size(); work.tokens > 0. Blocks until the round is committed.
    // bad_input: local is not finite; no_space and the like: the manifest cannot be written; cancelled.
    Result<RoundOutcome> exchange(std::span<const float> local, Work work);

    // The two halves of exchange(). contribute() waits only while an earlier contribution of the same
    // fragment waits for its round; await() returns at once when the outer state has moved on already.
    Status contribute(std::span<const float> local, Work work);
    Result<RoundOutcome> await();
    // await() would return at once.
    bool is_ready() const;

    // With a grace: a quorum of others has contributed to the round at hand. A site that gives now what it
    // has, be it of fewer inner steps, is in time. Cheap: ask after every inner step.
    bool is_due() const;

    // Brings what await() took into parameters that have moved on: fragments that have changed become by the
    // rule rebase outer + (local - what was contributed of them last), by mix alpha local + (1 - alpha)
    // outer; the others stay. A whole state that was taken from a peer is taken as it is. local as in
    // exchange(); alpha is for mix only.
    void merge(double alpha, std::span<float> local);

    // Announced: the others go on at once. Helps them first to finish the round that it knows committed.
    Status leave();

    // Makes a blocked exchange(), contribute() or await() return `unavailable`, and all later ones: this site
    // is about to leave() and waits for nobody. Safe from any thread.
    void stop_waiting();

    // Makes a blocked start(), exchange(), contribute() or await() return `cancelled`, and all later ones.
    void cancel();

    const OuterState& outer() const;
    const Position& position() const;
    std::uint64_t fragments() const;
    std::string digest() const;  // state_digest(outer())
    Traffic traffic() const;     // since open()
    Tally tally() const;         // since open()
    std::uint16_t port() const;

  private:
    struct Impl;
    explicit Session(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace euromesh::sync
