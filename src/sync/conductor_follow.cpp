#include "sync/conductor.hpp"

#include <algorithm>
#include <utility>

// The third part of the conductor: sites that are not in step. What is late, who follows a round that it had
// no part in, and how long others are given.
namespace euromesh::sync {

bool Conductor::has_part(const Plan& plan) const {
    return std::any_of(plan.members.begin(), plan.members.end(),
                       [&](const PlanMember& member) { return member.rank == config_.self; });
}

bool Conductor::can_take(std::uint64_t fragment) const {
    return !plan_ || !pending_.at(fragment) || fragment_of(plan_->round) != fragment || !has_part(*plan_);
}

// ---- contributions that wait for their round --------------------------------------------------------------

// In rounds of its fragment. A contribution in time was computed from the state after the fragment's last
// round.
std::uint64_t Conductor::staleness(const Ready& ready, std::uint64_t round) const {
    const std::uint64_t in_time = round + 1 > config_.fragments ? round + 1 - config_.fragments : 0;
    if (ready.base >= in_time) return 0;
    return (in_time - ready.base + config_.fragments - 1) / config_.fragments;
}

void Conductor::drop_pending(std::uint64_t fragment, const std::string& why) {
    const std::optional<Ready> dropped = std::exchange(pending_[fragment], std::nullopt);
    if (!dropped) return;
    note("dropped", name(config_.self),
         fmt::format("{}'s contribution of {} tokens from round {} is dropped: {}", name(config_.self),
                     dropped->tokens, dropped->base, why));
}

void Conductor::drop_all_pending(const std::string& why) {
    for (std::uint64_t fragment = 0; fragment < config_.fragments; ++fragment) drop_pending(fragment, why);
    me_.ready.reset();
}

// In a manifest: what waits from there on is done with; what is younger goes on waiting.
void Conductor::count_own(std::uint64_t fragment, std::uint64_t base) {
    counted_bases_[fragment] = base;
    if (pending_[fragment] && pending_[fragment]->base == base) pending_[fragment].reset();
}

// What this site has for the round of its position. Of a committed round: what it held is done with.
void Conductor::take_pending(const Manifest* committed) {
    if (committed) {
        for (const Contributor& one : committed->contributors) {
            if (one.site == config_.sites[config_.self]) count_own(fragment_of(committed->round), one.base);
        }
    }
    const std::uint64_t fragment = fragment_of(me_.position.round);
    const std::optional<Ready>& ready = pending_[fragment];
    if (ready && counted_bases_[fragment] && ready->base <= *counted_bases_[fragment]) {
        drop_pending(fragment, "the same work has been counted already");
    }
    if (ready && staleness(*ready, me_.position.round) > config_.staleness_most) {
        drop_pending(fragment, fmt::format("it is too late for round {}", me_.position.round));
    }
    me_.ready = pending_[fragment];
}

// ---- following by results ---------------------------------------------------------------------------------

void Conductor::keep_line(std::string line) {
    lines_.push_back(std::move(line));
    if (lines_.size() > config_.catch_up_rounds) lines_.pop_front();
    me_.keeps = me_.position.round - lines_.size();
}

void Conductor::forget_lines() {
    lines_.clear();
    me_.keeps = me_.position.round;
}

const std::string* Conductor::kept_line(std::uint64_t round) const {
    if (owed_ && owed_->manifest.round == round) return &owed_->line;
    if (round < me_.keeps || round >= me_.position.round) return nullptr;
    return &lines_[round - me_.keeps];
}

bool Conductor::follows_by_results(const Standing& ahead) const {
    const std::uint64_t round = me_.position.round;
    return ahead.position.round > round && ahead.keeps <= round;
}

// The commit that comes next to a site that is behind. Only between the lead and the others, so that not
// everybody tells everybody; again when either has said or promised something new since.
void Conductor::hand_on_commit(Rank peer) {
    if (!is_up(peer, Role::member) && !is_up(peer, Role::leaving)) return;
    const Standing& standing = *peers_[peer].standing;
    const std::string* line = kept_line(standing.position.round);
    if (!line || standing.lacks == standing.position.round) return;
    const bool concerns_lead = lead() == config_.self || lead() == peer || me_.role == Role::leaving;
    if (!concerns_lead || peers_[peer].handed_on == me_.promised) return;
    peers_[peer].handed_on = me_.promised;
    emit(Send{peer, Commit{me_.promised, *line}});
}

void Conductor::owe(Manifest manifest, std::string line) {
    if (owed_ && owed_->line == line) return;
    if (plan_) emit(AbortReduce{});
    plan_.reset();
    plan_is_mine_ = false;
    me_.lacks = manifest.round;
    me_.wants.reset();
    owed_ = Owed{std::move(manifest), std::move(line)};
}

bool Conductor::can_give(Rank peer, std::uint64_t round) const {
    if (!is_up(peer, Role::member) && !is_up(peer, Role::leaving)) return false;
    const Standing& standing = *peers_[peer].standing;
    return standing.keeps <= round && standing.position.round > round;
}

// Not all ask the same one: the search begins after the own rank.
std::optional<Rank> Conductor::result_source() const {
    for (Rank step = 1; step < peers_.size(); ++step) {
        const Rank peer = (config_.self + step) % peers_.size();
        if (can_give(peer, owed_->manifest.round)) return peer;
    }
    return std::nullopt;
}

// A contributor that is still here has prepared the round and is about to take it.
bool Conductor::result_may_come() const {
    const auto& contributors = owed_->manifest.contributors;
    return std::any_of(contributors.begin(), contributors.end(), [&](const Contributor& one) {
        for (Rank peer = 0; peer < peers_.size(); ++peer) {
            if (config_.sites[peer] == one.site) {
                return is_up(peer, Role::member) || is_up(peer, Role::leaving);
            }
        }
        return false;
    });
}

// With nobody left who could give it, the round is none for this site: what it then contributes to may be
// another one, and chains are compared when sites meet again.
void Conductor::settle_owed() {
    if (!owed_ || me_.role != Role::member) return;
    if (me_.wants && can_give(*me_.wants, owed_->manifest.round)) return;
    me_.wants = result_source();
    if (me_.wants || result_may_come()) return;
    note("behind", name(config_.self),
         fmt::format("nobody is left who has the result of round {}", owed_->manifest.round));
    owed_.reset();
    me_.lacks.reset();
}

Actions Conductor::result_arrived(Nanoseconds now, std::uint64_t round, const std::string& state_after) {
    now_ = now;
    if (!owed_ || owed_->manifest.round != round || me_.role != Role::member) return finish();
    const Owed owed = *std::exchange(owed_, std::nullopt);
    if (state_after == owed.manifest.state_after) {
        commit(owed.manifest, owed.line);
    } else {
        fall_behind(fmt::format("the result of round {} gave another outer state here", round));
    }
    return finish();
}

// Each asks once; again when its connection or its wish is a new one.
void Conductor::serve_results() {
    for (Rank peer = 0; peer < peers_.size(); ++peer) {
        if (!is_up(peer, Role::member)) continue;
        const Standing& standing = *peers_[peer].standing;
        if (!standing.lacks || standing.wants != config_.self) continue;
        const bool have = *standing.lacks >= me_.keeps && *standing.lacks < me_.position.round;
        if (!have || peers_[peer].result_sent == standing.lacks) continue;
        peers_[peer].result_sent = standing.lacks;
        emit(SendResult{peer, *standing.lacks});
    }
}

// ---- slack ------------------------------------------------------------------------------------------------

// Every member measures, so that a new lead knows what the old one knew.
void Conductor::watch_slack() {
    if (!config_.grace) return;
    const std::vector<Rank> all = members();
    if (watched_round_ != me_.position.round) {
        for (const Rank rank : all) {
            Peer& peer = peers_[rank];
            if (!peer.was_ready && !peer.late_since) peer.late_since = quorum_since_;
        }
        for (Peer& peer : peers_) peer.was_ready = false;
        quorum_since_.reset();
        watched_round_ = me_.position.round;
    }
    const std::vector<Rank> able = able_members(all);
    if (!quorum_since_ && able.size() >= config_.quorum) quorum_since_ = now_;
    for (const Rank rank : able) measure_slack(peers_[rank]);
}

bool Conductor::is_due() const {
    const bool current = me_.role == Role::member && watched_round_ == me_.position.round && !owed_;
    return current && quorum_since_ && !me_.ready;
}

// Once a round for each site: from the moment of the quorum to its own.
void Conductor::measure_slack(Peer& peer) {
    if (peer.was_ready) return;
    peer.was_ready = true;
    const auto since = peer.late_since ? std::exchange(peer.late_since, std::nullopt) : quorum_since_;
    meter_.record(since ? now_ - *since : Nanoseconds{0});
}

}  // namespace euromesh::sync
