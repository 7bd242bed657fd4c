#include "sync/conductor.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

// The half of the conductor that leads: attempts, commits, joiners. The other half is in conductor.cpp.
namespace euromesh::sync {

void Conductor::settle_lead() {
    const std::optional<Rank> leads = lead();
    if (leads != known_lead_) {
        known_lead_ = leads;
        if (leads == config_.self) take_lead();
    }
    if (plan_ && plan_is_mine_) {
        if (all_prepared()) return decide();
        if (!plan_is_broken()) return;
        note("abort", "", fmt::format("attempt {} of round {} was given up", attempts_, me_.position.round));
        const bool same_members = members().size() >= plan_->members.size();
        const auto times = static_cast<std::int64_t>(std::min<std::uint64_t>(attempts_, 10));
        retry_at_ = now_ + (same_members ? times * config_.retry_pause : Nanoseconds{0});
        plan_.reset();
    }
    if (leads == config_.self && me_.role == Role::member && can_plan()) {
        make_plan(contributors(connected_members()));
    }
}

void Conductor::take_lead() {
    if (me_.promised > 0) {
        note("takeover", name(config_.self), fmt::format("{} leads now", name(config_.self)));
    }
    // From here on no commit of an earlier lead passes here except by this site's own decision.
    me_.promised = next_ballot();
    plan_.reset();
    plan_is_mine_ = false;
}

const Prepared& Conductor::prepared_of(Rank rank) const {
    static const Prepared nothing;
    const Standing* standing = rank == config_.self        ? &me_
                               : is_up(rank, Role::member) ? &*peers_[rank].standing
                                                           : nullptr;
    return standing && standing->prepared ? *standing->prepared : nothing;
}

bool Conductor::all_prepared() const {
    return std::all_of(plan_->members.begin(), plan_->members.end(), [&](const PlanMember& member) {
        return prepared_of(member.rank).ballot == plan_->ballot;
    });
}

bool Conductor::plan_is_broken() const {
    if (me_.promised != plan_->ballot) return true;
    return std::any_of(plan_->members.begin(), plan_->members.end(), [&](const PlanMember& member) {
        if (member.rank == config_.self) return me_.failed == plan_->ballot;
        if (!is_up(member.rank, Role::member)) return true;
        const Standing& other = *peers_[member.rank].standing;
        return other.failed == plan_->ballot || other.promised > plan_->ballot ||
               other.position != me_.position;
    });
}

const Standing& Conductor::standing_of(Rank member) const {
    return member == config_.self ? me_ : *peers_[member].standing;
}

// Members, lowest ranks first, as far as they all see each other.
std::vector<Rank> Conductor::connected_members() const {
    const auto see = [&](Rank a, Rank b) {
        const std::vector<Rank>& sees = standing_of(a).sees;
        return a == config_.self || std::find(sees.begin(), sees.end(), b) != sees.end();
    };
    std::vector<Rank> connected;
    for (const Rank rank : members()) {
        const auto both = [&](Rank other) { return see(rank, other) && see(other, rank); };
        if (std::all_of(connected.begin(), connected.end(), both)) connected.push_back(rank);
    }
    return connected;
}

// Every member sees exactly these. A member of which this site knows that it is none any more does not count.
bool Conductor::links_are_settled(const std::vector<Rank>& connected) {
    bool settled = connected.size() == members().size();
    for (const Rank member : connected) {
        for (const Rank rank : standing_of(member).sees) {
            const bool known = rank < peers_.size() && peers_[rank].up && peers_[rank].standing;
            const bool here = std::find(connected.begin(), connected.end(), rank) != connected.end();
            settled = settled && (here || known);
        }
    }
    if (settled) links_differ_since_.reset();
    if (!settled && !links_differ_since_) links_differ_since_ = now_;
    return settled || now_ >= *links_differ_since_ + config_.link_patience;
}

// Those that stand where the lead stands and have something to give.
std::vector<Rank> Conductor::able_members(const std::vector<Rank>& connected) const {
    std::vector<Rank> able;
    for (const Rank rank : connected) {
        const Standing& standing = standing_of(rank);
        if (standing.position == me_.position && standing.ready && !standing.lacks) able.push_back(rank);
    }
    return able;
}

// By any of those that are all connected. (Lies are not covered.) Nobody is when nobody else is left.
bool Conductor::is_blamed(Rank rank) const {
    const std::vector<Rank> all = members();
    if (all.size() == 1) return false;
    return std::any_of(all.begin(), all.end(), [&](Rank member) {
        const std::vector<std::size_t>& blames = standing_of(member).blames;
        return std::find(blames.begin(), blames.end(), rank) != blames.end();
    });
}

// Without those whose norm is not finite or far above that of the others.
std::vector<Rank> Conductor::contributors(const std::vector<Rank>& connected) const {
    std::vector<Rank> able = able_members(connected);
    const auto norm_of = [&](Rank rank) { return standing_of(rank).ready->norm; };
    std::erase_if(able, [&](Rank rank) { return !std::isfinite(norm_of(rank)) || is_blamed(rank); });
    if (config_.norm_gate <= 0 || able.empty()) return able;
    std::vector<double> norms;
    for (const Rank rank : able) norms.push_back(norm_of(rank));
    std::sort(norms.begin(), norms.end());
    const double limit = config_.norm_gate * norms[(norms.size() - 1) / 2];
    std::erase_if(able, [&](Rank rank) { return norm_of(rank) > limit; });
    return able;
}

// Once for each contribution that is left out.
void Conductor::note_gated(const std::vector<Rank>& able, const std::vector<Rank>& chosen) {
    for (const Rank rank : able) {
        if (std::find(chosen.begin(), chosen.end(), rank) != chosen.end()) continue;
        const Ready& ready = *standing_of(rank).ready;
        std::string text = fmt::format("the contribution of {} from round {} has norm {:.4g} and is left out",
                                       name(rank), ready.base, ready.norm);
        if (text == gated_) continue;
        gated_ = text;
        note("gate", name(rank), std::move(text));
    }
}

bool Conductor::can_plan() {
    if (owed_ || now_ < retry_at_ || me_.position.round >= config_.rounds) return false;
    const bool run_is_new = last_line_.empty() && now_ < began_at_ + config_.start_grace;
    if (run_is_new && members().size() < config_.starting_members) return false;
    for (const Peer& peer : peers_) {
        if (!peer.up && peer.lost_at && now_ < *peer.lost_at + config_.reconnect_grace) return false;
        if (peer.up && !peer.standing) return false;  // it will say at once what it is
        if (peer.up && peer.standing->role == Role::starting && peer.standing->position == me_.position &&
            peer.standing->state == me_.state) {
            return false;  // begins this very round
        }
    }
    const std::vector<Rank> connected = connected_members();
    if (!links_are_settled(connected)) return false;
    const std::vector<Rank> able = able_members(connected);
    const std::vector<Rank> chosen = contributors(connected);
    note_gated(able, chosen);
    if (chosen.empty() || chosen.size() < config_.quorum) return false;
    return able.size() == connected.size() || waited_enough();
}

// Since a quorum was ready, for those that are not.
bool Conductor::waited_enough() const {
    if (!config_.grace || !quorum_since_) return false;
    const std::optional<Nanoseconds> grace = meter_.grace();
    return grace && now_ >= *quorum_since_ + *grace;
}

// Members that a plan of now would go on without. One that a gate keeps out is not among them.
std::uint64_t Conductor::count_absent() const {
    const std::vector<Rank> connected = connected_members();
    return connected.size() - able_members(connected).size();
}

void Conductor::make_plan(const std::vector<Rank>& chosen) {
    Plan plan{me_.position.round, me_.position.chain_head, next_ballot(), {}};
    std::vector<SiteWork> work;
    for (const Rank rank : chosen) {
        const Ready& ready = *standing_of(rank).ready;
        work.push_back({ready.tokens, ready.inner_steps});
        plan.members.push_back({rank, 0, ready.norm});
    }
    absent_ = config_.weights == WeightRule::each_step ? count_absent() : 0;
    const std::vector<double> weights = weights_of(config_.weights, work, absent_);
    for (std::size_t i = 0; i < weights.size(); ++i) plan.members[i].weight = weights[i];
    me_.promised = plan.ballot;
    plan_ = plan;
    plan_is_mine_ = true;
    attempts_ += 1;
    for (const PlanMember& member : plan.members) {
        if (member.rank != config_.self) emit(Send{member.rank, plan});
    }
    if (has_part(plan)) emit(StartReduce{plan});
}

std::string Conductor::majority_state() const {
    std::map<std::string, std::size_t> votes;
    for (const PlanMember& member : plan_->members) votes[prepared_of(member.rank).state_after] += 1;
    // The lead's wins a draw; that of the first where the lead has none.
    const Rank first = has_part(*plan_) ? config_.self : plan_->members.front().rank;
    std::string best = prepared_of(first).state_after;
    for (const auto& [state, count] : votes) {
        if (count > votes[best]) best = state;
    }
    return best;
}

Manifest Conductor::compose(const std::string& state_after) const {
    Manifest manifest;
    manifest.run = config_.run;
    manifest.round = me_.position.round;
    manifest.attempt = attempts_;
    manifest.fragment = fragment_of(manifest.round);
    manifest.inner_steps = config_.schedule.inner_steps_of(manifest.round);
    manifest.codec = config_.codec;
    manifest.outer = config_.schedule.outer_of(config_.outer, manifest.round);
    manifest.weights = config_.weights;
    manifest.absent = absent_;
    manifest.tokens_total = me_.position.tokens_total;
    for (const PlanMember& member : plan_->members) {
        const Standing& standing = standing_of(member.rank);
        const Prepared& prepared = *standing.prepared;
        const Ready& ready = *standing.ready;
        manifest.contributors.push_back({config_.sites[member.rank], ready.tokens, ready.inner_steps,
                                         ready.base, ready.norm, member.weight, prepared.bytes,
                                         prepared.contribution_digest});
        manifest.tokens_total += standing.ready->tokens;
    }
    manifest.state_before = me_.state;
    manifest.state_after = state_after;
    manifest.previous = me_.position.chain_head;
    return manifest;
}

// All members have prepared: the attempt becomes the round.
void Conductor::decide() {
    const std::string state_after = majority_state();
    const Manifest manifest = compose(state_after);
    const std::string line = encode(manifest);
    for (const PlanMember& member : plan_->members) {
        if (prepared_of(member.rank).state_after == state_after) continue;
        note("parity", name(member.rank),
             fmt::format("{} computed another outer state and takes that of the others", name(member.rank)));
    }
    const bool part = has_part(*plan_);
    if (part && me_.prepared->state_after == state_after) return commit(manifest, line);
    for (const PlanMember& member : plan_->members) {
        if (member.rank != config_.self) emit(Send{member.rank, Commit{me_.promised, line}});
    }
    part ? fall_behind("this site computed another outer state") : owe(manifest, line);
}

void Conductor::commit(const Manifest& manifest, const std::string& line) {
    emit(Adopt{manifest, line});
    last_duration_ = now_ - std::exchange(round_began_, now_);
    me_.position = {manifest.round + 1, chain_digest(line), manifest.tokens_total};
    me_.state = manifest.state_after;
    me_.prepared.reset();
    me_.lacks.reset();
    me_.wants.reset();
    owed_.reset();
    plan_.reset();
    plan_is_mine_ = false;
    attempts_ = 0;
    retry_at_ = now_;
    last_line_ = line;
    keep_line(line);
    take_pending(&manifest);
    for (Peer& peer : peers_) peer.handed_on.reset();
    at_boundary_ = true;
}

// Keeps what was contributed: if nobody is left to join, this site goes on with it.
void Conductor::fall_behind(const std::string& why) {
    if (me_.role != Role::member) return;
    note("behind", name(config_.self), why);
    if (plan_) emit(AbortReduce{});
    plan_.reset();
    plan_is_mine_ = false;
    owed_.reset();
    me_.lacks.reset();
    me_.wants.reset();
    me_.role = Role::joining;
}

// A joiner that gets the state early in a round is ready with the others at its end. With too few members it
// is needed for the round itself, and an attempt that is not over yet (its lead may be gone) comes to
// nothing.
void Conductor::serve_joiners() {
    const bool at_boundary = std::exchange(at_boundary_, false);
    const bool too_few = members().size() < config_.quorum;
    if (!too_few && (plan_ || !(at_boundary || round_is_young()))) return;
    for (Rank rank = 0; rank < peers_.size(); ++rank) {
        if (!is_up(rank, Role::joining) || peers_[rank].standing->wants != config_.self) continue;
        if (peers_[rank].state_sent == me_.position.round) continue;
        peers_[rank].state_sent = me_.position.round;
        emit(SendState{rank});
    }
}

bool Conductor::round_is_young() const {
    return me_.role == Role::leaving || last_duration_ == Nanoseconds{0} ||
           now_ - round_began_ <= last_duration_ / 4;
}

}  // namespace euromesh::sync
