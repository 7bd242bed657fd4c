#include "sync/conductor.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace euromesh::sync {
namespace {

constexpr unsigned rank_bits = 6;
static_assert(sites_most == 1u << rank_bits);

bool is_active(Role role) {
    return role == Role::member || role == Role::leaving;
}

}  // namespace

Conductor::Conductor(ConductorConfig config, Position position, std::string state)
    : config_(std::move(config)), peers_(config_.sites.size()) {
    EM_ASSERT(config_.sites.size() <= sites_most && config_.self < config_.sites.size(), "a site of the run");
    EM_ASSERT(config_.starting_members >= 1 && config_.starting_members <= peers_.size(), "can be reached");
    EM_ASSERT(config_.quorum >= 1 && config_.quorum <= peers_.size(), "can be reached");
    EM_ASSERT(config_.fragments >= 1, "a model has values");
    if (config_.grace) meter_ = GraceMeter(*config_.grace);
    pending_.resize(config_.fragments);
    counted_bases_.resize(config_.fragments);
    me_.position = std::move(position);
    me_.keeps = me_.position.round;
    me_.state = std::move(state);
}

Actions Conductor::begin(Nanoseconds now) {
    now_ = now;
    return finish();
}

Actions Conductor::tick(Nanoseconds now) {
    now_ = now;
    return finish();
}

Actions Conductor::peer_up(Nanoseconds now, Rank peer) {
    now_ = now;
    peers_[peer].up = true;
    peers_[peer].standing.reset();
    peers_[peer].state_sent.reset();
    peers_[peer].handed_on.reset();
    peers_[peer].result_sent.reset();
    std::erase(me_.blames, peer);
    if (told_) emit(Send{peer, *told_});
    return finish();
}

Actions Conductor::peer_down(Nanoseconds now, Rank peer) {
    now_ = now;
    Peer& gone = peers_[peer];
    if (gone.standing && gone.standing->role == Role::member) {
        gone.lost_at = now;
        note("lost", name(peer), fmt::format("{} is gone", name(peer)));
    }
    gone.up = false;
    gone.standing.reset();
    const auto is_peer = [&](const PlanMember& member) { return member.rank == peer; };
    if (plan_ && std::any_of(plan_->members.begin(), plan_->members.end(), is_peer)) {
        if (!me_.prepared || me_.prepared->ballot != plan_->ballot) {
            me_.failed = plan_->ballot;
            emit(AbortReduce{});
        }
    }
    return finish();
}

Actions Conductor::contribute(Nanoseconds now, Ready ready, std::uint64_t fragment) {
    now_ = now;
    EM_ASSERT(ready.tokens > 0 && ready.inner_steps > 0, "a contribution has tokens and inner steps");
    EM_ASSERT(can_take(fragment), "no attempt under way adds up another one");
    if (pending_.at(fragment)) drop_pending(fragment, "a newer one takes its place");
    pending_[fragment] = ready;
    take_pending(nullptr);
    return finish();
}

Actions Conductor::reduced(Nanoseconds now, Prepared prepared) {
    now_ = now;
    if (plan_ && plan_->ballot == prepared.ballot) me_.prepared = std::move(prepared);
    return finish();
}

Actions Conductor::reduce_failed(Nanoseconds now, Ballot ballot, std::optional<Rank> culprit) {
    now_ = now;
    if (plan_ && plan_->ballot == ballot) me_.failed = ballot;
    if (culprit && std::find(me_.blames.begin(), me_.blames.end(), *culprit) == me_.blames.end()) {
        me_.blames.push_back(*culprit);
        note("gate", name(*culprit),
             fmt::format("the contribution of {} is not what it says and is left out", name(*culprit)));
    }
    return finish();
}

Actions Conductor::leave(Nanoseconds now) {
    now_ = now;
    leave_deadline_ = now + (me_is_active() ? config_.leave_limit : Nanoseconds{0});
    me_.role = Role::leaving;
    drop_all_pending("this site leaves");
    return finish();
}

Actions Conductor::receive(Nanoseconds now, Rank from, const Message& message) {
    now_ = now;
    if (peers_[from].up) std::visit([&](const auto& one) { hear(from, one); }, message);
    return finish();
}

// A state is of use only when it is where its sender stands now: otherwise a round was committed meanwhile.
Actions Conductor::state_arrived(Nanoseconds now, Rank from, Offer offer) {
    now_ = now;
    const Peer& source = peers_[from];
    const bool fresh = source.up && source.standing && is_active(source.standing->role) &&
                       source.standing->position == offer.position && source.standing->state == offer.state;
    if (me_.role == Role::joining && fresh) {
        emit(AdoptState{from});
        me_.wants.reset();
        me_.position = std::move(offer.position);
        me_.state = std::move(offer.state);
        drop_all_pending("the outer state was taken from another site");
        counted_bases_.assign(config_.fragments, std::nullopt);  // perhaps of a chain that is none any more
        me_.prepared.reset();
        last_line_ = std::move(offer.last_line);
        forget_lines();
        attempts_ = 0;
        round_began_ = now_;
        become_member();
    } else if (me_.role == Role::joining) {
        told_.reset();  // asks again
    }
    return finish();
}

std::vector<Rank> Conductor::members() const {
    std::vector<Rank> ranks;
    for (Rank rank = 0; rank < peers_.size(); ++rank) {
        const bool own = rank == config_.self && me_.role == Role::member;
        if (own || is_up(rank, Role::member)) ranks.push_back(rank);
    }
    return ranks;
}

std::optional<Rank> Conductor::lead() const {
    const std::vector<Rank> ranks = members();
    return ranks.empty() ? std::nullopt : std::optional(ranks.front());
}

bool Conductor::is_up(Rank peer, Role role) const {
    return peers_[peer].up && peers_[peer].standing && peers_[peer].standing->role == role;
}

Ballot Conductor::next_ballot() const {
    const Ballot counter = std::max(me_.promised, highest_seen_) >> rank_bits;
    return ((counter + 1) << rank_bits) | static_cast<Ballot>(config_.self);
}

void Conductor::emit(Action action) {
    out_.push_back(std::move(action));
}

void Conductor::note(std::string kind, std::string site, std::string text) {
    emit(Note{me_.position.round, std::move(kind), std::move(site), std::move(text)});
}

// Ends every event: decides what can be decided now, then tells the others if that changed anything. A state
// is sent last: its receiver compares it with what its sender said before.
Actions Conductor::finish() {
    settle();
    me_.sees = members();
    if (!told_ || *told_ != me_) {
        told_ = me_;
        for (Rank rank = 0; rank < peers_.size(); ++rank) {
            if (peers_[rank].up) emit(Send{rank, me_});
        }
    }
    if (me_is_active()) serve_results();
    if (me_is_active()) serve_joiners();
    return std::exchange(out_, {});
}

// ---- hearing ----------------------------------------------------------------------------------------------

void Conductor::hear(Rank from, const Standing& standing) {
    const std::optional<Standing> before = std::exchange(peers_[from].standing, standing);
    highest_seen_ = std::max(highest_seen_, standing.promised);
    if (standing.role == Role::member) peers_[from].lost_at.reset();
    // It asks anew: what it asked for before has come to nothing. Other news do not restart a transfer.
    const bool asks = standing.role == Role::joining &&
                      (!before || *before == standing || before->wants != standing.wants ||
                       before->position != standing.position || before->role != standing.role);
    if (asks) peers_[from].state_sent.reset();
    note_change(from, before, standing);
    peers_[from].handed_on.reset();
    if (!standing.lacks || standing.wants != config_.self) peers_[from].result_sent.reset();
}

void Conductor::note_change(Rank peer, const std::optional<Standing>& before, const Standing& after) {
    const bool was_member = before && before->role == Role::member;
    if (after.role == Role::leaving && was_member) {
        note("leave", name(peer), fmt::format("{} leaves", name(peer)));
    }
    if (after.role == Role::member && !was_member && has_been_member_ && after.position.round > 0) {
        note("join", name(peer),
             fmt::format("{} takes part from round {}", name(peer), after.position.round));
    }
}

// Of two chains the one with more tokens counts. On one chain more tokens are more rounds.
bool Conductor::is_better(Rank peer) const {
    const Position& other = peers_[peer].standing->position;
    if (other.tokens_total != me_.position.tokens_total) {
        return other.tokens_total > me_.position.tokens_total;
    }
    return other.chain_head != me_.position.chain_head && peer < config_.self;
}

// A few rounds ahead is no reason yet: their commits will show whether this site can follow.
bool Conductor::leaves_behind(Rank peer) const {
    return is_better(peer) && !follows_by_results(*peers_[peer].standing);
}

void Conductor::compare_with(Rank peer) {
    if (me_.role != Role::member || !leaves_behind(peer)) return;
    const Position& other = peers_[peer].standing->position;
    fall_behind(other.round > me_.position.round
                    ? fmt::format("{} is at round {}", name(peer), other.round)
                    : fmt::format("{} has another chain with more tokens", name(peer)));
}

// Of the active sites that this one sees, the one with most tokens; among equals members first, lowest first.
std::optional<Rank> Conductor::source() const {
    std::optional<Rank> best;
    for (const Role role : {Role::member, Role::leaving}) {
        for (Rank rank = 0; rank < peers_.size(); ++rank) {
            if (!is_up(rank, role)) continue;
            const std::uint64_t tokens = peers_[rank].standing->position.tokens_total;
            if (!best || tokens > peers_[*best].standing->position.tokens_total) best = rank;
        }
    }
    return best;
}

// A member without a link to another one would split the run.
bool Conductor::sees_all_of(Rank peer) const {
    const std::vector<Rank>& sees = peers_[peer].standing->sees;
    return std::all_of(sees.begin(), sees.end(), [&](Rank rank) {
        return rank == config_.self || (rank < peers_.size() && peers_[rank].up);
    });
}

// Others may have promised to an older lead: its commits must not pass any more.
void Conductor::raise_ballot() {
    const bool leads = me_.role == Role::member && lead() == config_.self;
    if (leads && highest_seen_ > me_.promised && !plan_) me_.promised = next_ballot();
}

void Conductor::hear(Rank from, const Plan& plan) {
    highest_seen_ = std::max(highest_seen_, plan.ballot);
    const auto is_me = [&](const PlanMember& member) { return member.rank == config_.self; };
    const bool follows = !owed_ && me_.role == Role::member && lead() == from &&
                         plan.round == me_.position.round && plan.chain_head == me_.position.chain_head &&
                         plan.ballot > me_.promised && me_.ready &&
                         std::any_of(plan.members.begin(), plan.members.end(), is_me) &&
                         plan.members.back().rank < peers_.size();
    if (!follows) {
        me_.failed = plan.ballot;
        return;
    }
    me_.promised = plan.ballot;
    plan_ = plan;
    plan_is_mine_ = false;
    attempts_ += 1;
    emit(StartReduce{plan});
}

void Conductor::hear(Rank from, const Commit& message) {
    highest_seen_ = std::max(highest_seen_, message.authority);
    const auto manifest = decode_manifest(message.line);
    if (!manifest || !me_is_active() || manifest->round != me_.position.round) return;
    // An own ballot can be given up: only this site could commit it.
    const bool own_ballot = lead() == config_.self || plan_is_mine_;
    if (message.authority < me_.promised && !own_ballot) return;
    const bool follows = manifest->run == config_.run && manifest->previous == me_.position.chain_head &&
                         manifest->state_before == me_.state;
    const bool fits = follows && me_.prepared && me_.prepared->state_after == manifest->state_after;
    const auto is_me = [&](const Contributor& one) { return one.site == config_.sites[config_.self]; };
    const bool had_part = std::any_of(manifest->contributors.begin(), manifest->contributors.end(), is_me);
    // Of a round in which an earlier life of this site had part it has nothing prepared.
    const bool can_follow = follows && me_.role == Role::member && (!had_part || !me_.prepared);
    const bool counts =
        manifest->previous == me_.position.chain_head || (peers_[from].standing && is_better(from));
    if (fits) {
        me_.promised = std::max(me_.promised, message.authority);
        commit(*manifest, message.line);
        if (peers_[from].standing && peers_[from].standing->position.round < me_.position.round) {
            peers_[from].standing->position = me_.position;
        }
    } else if (can_follow) {
        owe(*manifest, message.line);
    } else if (counts) {
        fall_behind(fmt::format("{} committed round {} with another result", name(from), manifest->round));
    }
}

// ---- deciding ---------------------------------------------------------------------------------------------

void Conductor::settle() {
    if (left_) return;
    if (me_.role == Role::starting) settle_starting();
    if (me_.role == Role::joining) settle_joining();
    for (Rank rank = 0; rank < peers_.size(); ++rank) {
        if (is_up(rank, Role::member) || is_up(rank, Role::leaving)) compare_with(rank);
    }
    settle_owed();
    if (me_is_active()) watch_slack();
    if (me_is_active()) settle_lead();
    raise_ballot();
    for (Rank rank = 0; me_is_active() && rank < peers_.size(); ++rank) hand_on_commit(rank);
    if (me_.role == Role::leaving) settle_leaving();
}

void Conductor::become_member() {
    if (!has_been_member_) began_at_ = now_;
    me_.role = Role::member;
    joining_since_.reset();
    me_.wants.reset();
    has_been_member_ = true;
}

// A site of a new run begins when enough are there; the one with the best position first, so that the others
// can compare theirs with it.
void Conductor::settle_starting() {
    std::size_t present = 1;
    bool best = true, active = false, behind = false;
    for (Rank rank = 0; rank < peers_.size(); ++rank) {
        if (!peers_[rank].up || !peers_[rank].standing) continue;
        const Standing& other = *peers_[rank].standing;
        const bool same = other.position == me_.position && other.state == me_.state;
        if (is_active(other.role)) {
            if (same && other.role == Role::member) return become_member();
            active = true;
            behind = behind || is_better(rank) || (other.position == me_.position && !same);
            continue;
        }
        const bool draw = other.position == me_.position && !same;
        best = best && !is_better(rank) && !(draw && rank < config_.self);
        present += 1;
    }
    // Of two chains the one with more tokens stays: that may be this site's.
    if (behind) {
        me_.role = Role::joining;
    } else if (active || (present >= config_.starting_members && best)) {
        become_member();
    }
}

// Stays with its source as long as that can be one. When nobody is there to join, it goes on from what it
// has.
void Conductor::settle_joining() {
    const auto can_be_source = [&](Rank rank) {
        return peers_[rank].up && peers_[rank].standing && is_active(peers_[rank].standing->role);
    };
    if (!joining_since_) joining_since_ = now_;
    const std::optional<Rank> best = source();
    const bool keep =
        me_.wants && can_be_source(*me_.wants) &&
        peers_[*me_.wants].standing->position.round + 1 >= peers_[*best].standing->position.round;
    const bool linked = best && (sees_all_of(*best) || now_ > *joining_since_ + config_.link_patience);
    if (!keep) me_.wants = linked ? best : std::nullopt;
    if (best) return;
    const auto unknown = [](const Peer& peer) { return peer.up && !peer.standing; };
    if (std::any_of(peers_.begin(), peers_.end(), unknown)) return;
    if (!has_been_member_) {
        me_.role = Role::starting;
        return settle_starting();
    }
    note("takeover", name(config_.self), "no member is left to join: going on from the own state");
    become_member();
}

// What only leaving sites know must reach the others first.
void Conductor::settle_leaving() {
    bool all_have_it = true;
    for (Rank rank = 0; rank < peers_.size(); ++rank) {
        const Peer& peer = peers_[rank];
        if (!peer.up || !peer.standing || peer.standing->role == Role::starting) continue;
        const bool asks = !peer.standing->wants || *peer.standing->wants == config_.self;
        const bool behind = peer.standing->position.round < me_.position.round;
        all_have_it = all_have_it && !(peer.standing->role == Role::joining ? asks : behind);
    }
    if (!all_have_it && now_ < *leave_deadline_) return;
    left_ = true;
    emit(Left{});
}

}  // namespace euromesh::sync
