// Who takes part in which outer step, and when it counts: the conductor of one site.
//
// Pure: events and the time go in, actions come out, in the order in which they must be done. The session
// runs it over real sockets; tests (and the simulator) run many of them over an in-memory network.
//
// Protocol
// - Every site tells every other its Standing whenever it changes. The lead is the member of lowest rank that
//   a site can see, itself included.
// - When the members that the lead sees stand at its position and are ready, it sends a Plan with a new
//   ballot to those that contribute. They promise the ballot, reduce into shadow buffers and tell the digest
//   of the candidate. Whom the lead waits for: everybody; with a grace, a quorum and for the rest so long as
//   their measured slack says (grace.hpp). The lead itself need not contribute.
// - When all of the plan have prepared that ballot, the lead composes the manifest, commits and sends Commit.
//   A contributor whose candidate has the digest of the manifest takes it; one with another candidate takes
//   the state from a peer (parity: the digest of most counts, the first one's when it is a draw).
// - A member that did not contribute to a committed round asks one that has it for the result (the encoded
//   mean), makes the outer step itself and compares digests. So it follows without ever being waited for. It
//   may be some rounds behind; one that is further behind takes the whole state.
// - What a site has ready and no manifest holds stays ready for the next round of its fragment (late), until
//   it is too stale; then it is dropped, with a note. Round r is of fragment r mod fragments.
// - A member lost before the commit: a new ballot without it. Contributions are kept until a manifest holds
//   them. Lead lost: the next one raises the ballot; a site that has the commit already hands it on when it
//   sees the lead's Standing one round behind, and nobody can have prepared the later ballot then.
// - A site that starts late or was left behind is `joining` and says from whom it wants the outer state: the
//   site of the best position, the lead among equals. That one sends it at the beginning of a round, and the
//   joiner is a member of that round.
//
// - All members must be connected with each other. While sites see different members, the lead waits for the
//   missing links, then goes on with those that are all connected.
//
// Faults. Crashes and cut connections at any moment: all sites that stay end with the same chain. Partitions:
// with `quorum` above half of the sites only one side commits. With a smaller one each side goes on by itself
// (a run must not die), and when they meet again, the chain with more tokens stays; the others take its state
// and their rounds since the cut are lost, with a record. Lies are not covered (members are authenticated).
//
// Thread rule: one thread. No wait has a guessed length except the pauses of the configuration.
#pragma once

#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "sync/conductor_message.hpp"
#include "sync/grace.hpp"

namespace euromesh::sync {

using Rank = std::size_t;

struct ConductorConfig {
    RunId run;
    std::vector<SiteId> sites;  // in rank order, at most sites_most
    Rank self = 0;
    std::size_t starting_members = 1;
    std::size_t quorum = 1;       // a round has at least so many contributions
    std::uint64_t fragments = 1;  // of the model; each round is of one
    // None is planned beyond the last.
    std::uint64_t rounds = std::numeric_limits<std::uint64_t>::max();
    // Absent: a round waits for all members that the lead sees.
    std::optional<GraceConfig> grace;
    // So many rounds of its fragment a contribution may be late; 0: what misses its round is dropped.
    std::uint64_t staleness_most = 0;
    // So many rounds behind a member may be and still follow by results.
    std::uint64_t catch_up_rounds = 4;
    // A contribution whose norm is above this multiple of the (lower) median is left out; 0: none is.
    double norm_gate = 0;
    std::string codec;
    OuterConfig outer;
    OuterSchedule schedule;
    WeightRule weights = WeightRule::tokens;
    // A connection that comes back within this time costs its site no contribution.
    Nanoseconds reconnect_grace = std::chrono::milliseconds(150);
    // In its first round a lead waits this long for links to sites that others see already.
    Nanoseconds start_grace = std::chrono::seconds(1);
    // Sites that see other members than the lead does, or a joiner that does not see all members: so long a
    // missing link may take to come up. Afterwards a round goes on without one of the two ends.
    Nanoseconds link_patience = std::chrono::seconds(3);
    // Between two attempts with the same members; longer with every attempt.
    Nanoseconds retry_pause = std::chrono::milliseconds(100);
    // How long a leaving site waits for others to have what it knows.
    Nanoseconds leave_limit = std::chrono::seconds(10);
};

struct Send {
    Rank to;
    Message message;
};
// An earlier reduction, if one is running, ends first.
struct StartReduce {
    Plan plan;
};
struct AbortReduce {};
// The candidate of the last `reduced` or `result_arrived` becomes the outer state; the line goes to the
// manifest file.
struct Adopt {
    Manifest manifest;
    std::string line;
};
// The outer state at the conductor's position, to a site that joins.
struct SendState {
    Rank to;
};
// The result of a committed round, to a member that had no part in it.
struct SendResult {
    Rank to;
    std::uint64_t round;
};
// The state that was last offered by state_arrived becomes the outer state.
struct AdoptState {
    Rank from;
};
struct Note {
    std::uint64_t round;
    std::string kind;  // as in SessionEvent
    std::string site;
    std::string text;
};
struct Left {};
using Action =
    std::variant<Send, StartReduce, AbortReduce, Adopt, SendState, SendResult, AdoptState, Note, Left>;
using Actions = std::vector<Action>;

// Where an outer state stands that one site gives to another.
struct Offer {
    Position position;
    std::string state;      // state_digest()
    std::string last_line;  // manifest of the round before; empty at the beginning of a run
};

class Conductor {
  public:
    Conductor(ConductorConfig config, Position position, std::string state);

    Actions begin(Nanoseconds now);
    Actions peer_up(Nanoseconds now, Rank peer);
    Actions peer_down(Nanoseconds now, Rank peer);
    Actions receive(Nanoseconds now, Rank from, const Message& message);
    // For the next round of this fragment; replaces what the site had ready for it. Only when can_take():
    // what an attempt under way adds up must not change.
    Actions contribute(Nanoseconds now, Ready ready, std::uint64_t fragment = 0);
    bool can_take(std::uint64_t fragment = 0) const;
    // What is ready for the next round of this fragment and in no manifest yet.
    std::optional<Ready> pending(std::uint64_t fragment = 0) const { return pending_.at(fragment); }
    // prepared.ballot says which attempt ended; an old one is ignored.
    Actions reduced(Nanoseconds now, Prepared prepared);
    // `culprit`: whose contribution spoilt it. It is left out of rounds until it connects anew.
    Actions reduce_failed(Nanoseconds now, Ballot ballot, std::optional<Rank> culprit = std::nullopt);
    Actions state_arrived(Nanoseconds now, Rank from, Offer offer);
    // Its outer step has been made from the state at position(): the digest that came of it.
    Actions result_arrived(Nanoseconds now, std::uint64_t round, const std::string& state_after);
    // Enough others are ready for the round at hand: what this site gives now is in time, later perhaps not.
    bool is_due() const;
    // The manifest of the round whose result this site lacks.
    const Manifest* awaited() const { return owed_ ? &owed_->manifest : nullptr; }
    // What goes with the outer state to a site that joins.
    Offer offer() const { return {me_.position, me_.state, last_line_}; }
    Actions leave(Nanoseconds now);
    // Call it often (every few tens of milliseconds): pauses end in it.
    Actions tick(Nanoseconds now);

    const Standing& standing() const { return me_; }
    const Position& position() const { return me_.position; }
    Role role() const { return me_.role; }
    // Members that this site sees, itself included when it is one.
    std::vector<Rank> members() const;
    std::optional<Rank> lead() const;
    bool sees(Rank peer) const { return peers_[peer].up; }

  private:
    struct Peer {
        bool up = false;
        std::optional<Standing> standing;
        std::optional<Nanoseconds> lost_at;        // as a member
        std::optional<std::uint64_t> state_sent;   // for which round
        std::optional<Ballot> handed_on;           // the commit that it needs next, under which authority
        std::optional<std::uint64_t> result_sent;  // of which round
        std::optional<Nanoseconds> late_since;     // a round began without it: when its quorum was complete
        bool was_ready = false;                    // for the round at hand
    };
    // A committed round whose result this site has not got yet.
    struct Owed {
        Manifest manifest;
        std::string line;
    };

    Actions finish();
    void hear(Rank from, const Standing& standing);
    void hear(Rank from, const Plan& plan);
    void hear(Rank from, const Commit& commit);
    void note_change(Rank peer, const std::optional<Standing>& before, const Standing& after);
    void settle();
    void settle_starting();
    void settle_joining();
    void settle_leaving();
    void settle_lead();
    void become_member();
    void fall_behind(const std::string& why);
    bool is_better(Rank peer) const;
    bool leaves_behind(Rank peer) const;
    void compare_with(Rank peer);
    std::optional<Rank> source() const;
    bool sees_all_of(Rank peer) const;
    void hand_on_commit(Rank peer);
    void owe(Manifest manifest, std::string line);
    void settle_owed();
    void serve_results();
    bool result_may_come() const;
    bool can_give(Rank peer, std::uint64_t round) const;
    bool follows_by_results(const Standing& ahead) const;
    std::optional<Rank> result_source() const;
    void keep_line(std::string line);
    void forget_lines();
    const std::string* kept_line(std::uint64_t round) const;
    void take_pending(const Manifest* committed);
    void count_own(std::uint64_t fragment, std::uint64_t base);
    void drop_pending(std::uint64_t fragment, const std::string& why);
    void drop_all_pending(const std::string& why);
    std::uint64_t fragment_of(std::uint64_t round) const { return round % config_.fragments; }
    std::uint64_t staleness(const Ready& ready, std::uint64_t round) const;
    void watch_slack();
    void measure_slack(Peer& peer);
    std::vector<Rank> able_members(const std::vector<Rank>& connected) const;
    bool is_blamed(Rank rank) const;
    std::vector<Rank> contributors(const std::vector<Rank>& connected) const;
    void note_gated(const std::vector<Rank>& able, const std::vector<Rank>& chosen);
    bool waited_enough() const;
    bool has_part(const Plan& plan) const;
    void raise_ballot();
    void take_lead();
    bool plan_is_broken() const;
    bool all_prepared() const;
    bool can_plan();
    bool links_are_settled(const std::vector<Rank>& connected);
    std::vector<Rank> connected_members() const;
    const Standing& standing_of(Rank member) const;
    std::uint64_t count_absent() const;
    void make_plan(const std::vector<Rank>& chosen);
    void decide();
    std::string majority_state() const;
    Manifest compose(const std::string& state_after) const;
    void commit(const Manifest& manifest, const std::string& line);
    void serve_joiners();
    bool round_is_young() const;
    bool me_is_active() const { return me_.role == Role::member || me_.role == Role::leaving; }
    bool is_up(Rank peer, Role role) const;
    const Prepared& prepared_of(Rank rank) const;
    Ballot next_ballot() const;
    void emit(Action action);
    void note(std::string kind, std::string site, std::string text);
    const std::string& name(Rank rank) const { return config_.sites[rank].text(); }

    ConductorConfig config_;
    std::vector<Peer> peers_;
    Standing me_;
    std::optional<Standing> told_;  // what the others were told last
    std::optional<Rank> known_lead_;
    std::optional<Plan> plan_;  // promised and not yet committed
    bool plan_is_mine_ = false;
    std::uint64_t absent_ = 0;       // of the plan that is mine
    std::uint64_t attempts_ = 0;     // of this round, as far as this site knows
    std::string last_line_;          // of the round before position()
    std::deque<std::string> lines_;  // of the rounds from me_.keeps on
    std::optional<Owed> owed_;
    std::vector<std::optional<Ready>> pending_;  // by fragment
    // By fragment: the last base of this site in a manifest. It may be an earlier life's, whose work a site
    // that came back from a checkpoint does again.
    std::vector<std::optional<std::uint64_t>> counted_bases_;
    GraceMeter meter_{GraceConfig{}};
    std::optional<Nanoseconds> quorum_since_;
    std::uint64_t watched_round_ = 0;
    std::string gated_;  // the last note about a gate
    bool has_been_member_ = false;
    Ballot highest_seen_ = 0;  // of others
    Nanoseconds now_{0};
    std::optional<Nanoseconds> links_differ_since_;  // as lead
    std::optional<Nanoseconds> joining_since_;
    Nanoseconds began_at_{0};
    Nanoseconds retry_at_{0};
    Nanoseconds round_began_{0};
    Nanoseconds last_duration_{0};
    std::optional<Nanoseconds> leave_deadline_;
    bool at_boundary_ = false;  // a round was committed in this event
    bool left_ = false;
    Actions out_;
};

}  // namespace euromesh::sync
