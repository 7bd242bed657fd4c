#include "sim/checker.hpp"

#include <algorithm>
#include <utility>

#include "sim/reduction.hpp"

namespace euromesh::sim {

Checker::Checker(const Setup& setup, const EventQueue& queue)
    : setup_(setup),
      queue_(queue),
      waits_(setup, queue),
      fragments_(sync::make_fragments(layout_of(setup.run), setup.run.fragments).value()) {}

std::string Checker::name(LifeId who) const {
    return fmt::format("{} (life {})", setup_.sites[who.site].name, who.life);
}

void Checker::failed(const std::string& what) {
    if (findings_.failures.size() >= failures_most) return;
    findings_.failures.push_back(fmt::format("{:.3f} s: {}", to_seconds(queue_.now()), what));
}

// ---- what sites tell --------------------------------------------------------------------------------------

void Checker::life_began(LifeId who, const sync::Position& position, const sync::OuterState& state) {
    Life& life = lives_[who];
    life.position = position;
    life.state = state_digest(state);
    const auto before = lives_.find({who.site, who.life - 1});
    if (before != lives_.end()) life.heads = std::exchange(before->second.heads, {});
    check_state(position.chain_head, life.state, who);
    states_.try_emplace(life.state, state);
}

void Checker::life_ended(LifeId who, const std::vector<std::string>& pending, bool on_purpose) {
    Life& life = lives_[who];
    life.ended = true;
    life.on_purpose = on_purpose;
    life.pending = pending.size();
    if (!on_purpose) lose_lines(life);
}

void Checker::lose_lines(Life& life) {
    for (const std::string& head : life.heads) lines_[head].is_recorded_loss = true;
    life.heads.clear();
}

void Checker::handed_in(const HandIn& contribution) {
    lives_[contribution.who].handed_in += 1;
    if (!contributions_.try_emplace(contribution.digest, contribution).second) {
        failed(fmt::format("{} hands in again what was handed in before", name(contribution.who)));
    }
}

void Checker::noted(LifeId who, const sync::Note& note) {
    findings_.notes[note.kind] += 1;
    if (note.kind == "dropped") lives_[who].dropped += 1;
}

void Checker::flipped(LifeId, std::uint64_t round) {
    flipped_rounds_.insert(round);
    any_fault_ = true;
}

void Checker::disturbed(Nanoseconds until) {
    any_fault_ = true;
    waits_.disturbed(until);
}

void Checker::adopted(LifeId who, const std::string& line, const SharedState& state) {
    const auto manifest = sync::decode_manifest(line);
    if (!manifest) return failed(fmt::format("{}: {}", name(who), manifest.error().message));
    const std::string head = sync::chain_digest(line);
    Life& life = lives_[who];
    if (manifest->round != life.position.round || manifest->previous != life.position.chain_head) {
        failed(
            fmt::format("{} adopts round {} at round {}", name(who), manifest->round, life.position.round));
    }
    life.position = {manifest->round + 1, head, manifest->tokens_total};
    life.state = state_digest(*state);
    life.heads.push_back(head);
    life.has_state_of_run = true;
    if (life.state != manifest->state_after) {
        failed(fmt::format("{}: its outer state is not that of the manifest of round {}", name(who),
                           manifest->round));
    }
    check_state(head, life.state, who);
    for (const sync::Contributor& one : manifest->contributors) {
        const auto known = contributions_.find(one.digest);
        if (known != contributions_.end() && known->second.who == who) life.counted += 1;
    }
    if (!lines_.try_emplace(head, Line{*manifest}).second) return;
    findings_.last_commit_s = to_seconds(queue_.now());
    if (lines_.size() == 1) findings_.first_commit_s = findings_.last_commit_s;
    check_line(*manifest);
    states_.try_emplace(life.state, *state);
    if (const std::string wrong = waits_.committed(); !wrong.empty()) failed(wrong);
}

void Checker::took_state(LifeId who, const sync::Position& position, const sync::OuterState& state) {
    Life& life = lives_[who];
    // One that comes back to a run that goes on takes its state, whatever it has kept itself.
    const bool comes_back = !std::exchange(life.has_state_of_run, true);
    if (position.tokens_total < life.position.tokens_total && !comes_back) {
        failed(fmt::format("{} gives up {} tokens for a state of {}", name(who), life.position.tokens_total,
                           position.tokens_total));
    }
    lose_lines(life);
    life.position = position;
    life.state = state_digest(state);
    check_state(position.chain_head, life.state, who);
}

void Checker::manifest_file(Rank site, const std::string& text) {
    const auto summary = sync::check_manifests(text);
    if (!summary)
        failed(fmt::format("manifests of {}: {}", setup_.sites[site].name, summary.error().message));
}

// ---- rounds -----------------------------------------------------------------------------------------------

void Checker::check_state(const std::string& chain_head, const std::string& state, LifeId who) {
    const auto& known = state_at_.try_emplace(chain_head, state).first->second;
    if (known != state) failed(fmt::format("{} has another outer state than others at its round", name(who)));
}

void Checker::check_line(const sync::Manifest& manifest) {
    for (const sync::Contributor& one : manifest.contributors) check_contributor(manifest, one);
    check_sum(manifest);
}

void Checker::check_contributor(const sync::Manifest& manifest, const sync::Contributor& one) {
    const auto known = contributions_.find(one.digest);
    if (known == contributions_.end()) {
        return failed(
            fmt::format("round {} counts what {} has never handed in", manifest.round, one.site.text()));
    }
    const HandIn& given = known->second;
    const bool same = setup_.sites[given.who.site].name == one.site.text() &&
                      given.fragment == manifest.fragment && given.ready.tokens == one.tokens &&
                      given.ready.inner_steps == one.inner_steps;
    if (!same) {
        failed(fmt::format("round {} counts a contribution of {} as what it is not", manifest.round,
                           one.site.text()));
    }
}

// Not of a round in which a site computed wrongly: then the digest of most counts, or the lead's.
void Checker::check_sum(const sync::Manifest& manifest) {
    const auto before = states_.find(manifest.state_before);
    if (before == states_.end() || flipped_rounds_.count(manifest.round) > 0) return;
    std::vector<SharedBytes> encoded;
    std::vector<double> weights;
    for (const sync::Contributor& one : manifest.contributors) {
        const auto known = contributions_.find(one.digest);
        if (known == contributions_.end()) return;
        encoded.push_back(known->second.encoded);
        weights.push_back(one.weight);
    }
    const sync::Codec& codec = *sync::find_codec(manifest.codec).value();
    const sync::Fragment& fragment = fragments_[manifest.fragment];
    std::vector<float> mean(fragment.size());
    codec.decode(*weighted_sum(codec, encoded, weights, mean.size()), mean);
    sync::OuterState next = before->second;
    sync::outer_step(manifest.outer, manifest.round / fragments_.size(), fragment, mean, next);
    if (state_digest(next) != manifest.state_after) {
        failed(fmt::format("round {} is not the sum of the contributions that it names", manifest.round));
    }
}

// ---- the end ----------------------------------------------------------------------------------------------

const Findings& Checker::finish() {
    check_lives();
    check_ends();
    std::set<std::string> tips;
    for (const auto& [head, line] : lines_) tips.insert(head);
    for (const auto& [head, line] : lines_) tips.erase(line.manifest.previous);
    for (const std::string& tip : tips) check_chain(tip, false);
    check_abandoned();
    findings_.handed_in = contributions_.size();
    findings_.longest_stall_s = waits_.longest_stall_s();
    return findings_;
}

void Checker::check_lives() {
    for (const auto& [who, life] : lives_) {
        findings_.dropped += life.dropped;
        findings_.pending += life.pending;
        const std::uint64_t recorded = life.counted + life.dropped + life.pending;
        if (recorded > life.handed_in) findings_.contradicted += recorded - life.handed_in;
        if (recorded >= life.handed_in) continue;
        failed(fmt::format("{}: of {} contributions {} were counted, {} dropped with a note and {} pending",
                           name(who), life.handed_in, life.counted, life.dropped, life.pending));
    }
}

// The last life of every site ends on purpose, and all at one place.
void Checker::check_ends() {
    std::vector<const Life*> last(setup_.sites.size());
    for (const auto& [who, life] : lives_) last[who.site] = &life;
    for (Rank site = 0; site < last.size(); ++site) {
        if (!last[site] || !last[site]->on_purpose) {
            return failed(fmt::format("{} does not end on purpose", setup_.sites[site].name));
        }
        if (last[site]->position != last[0]->position || last[site]->state != last[0]->state) {
            failed(fmt::format("{} ends at round {} with another chain or state than {} at round {}",
                               setup_.sites[site].name, last[site]->position.round, setup_.sites[0].name,
                               last[0]->position.round));
        }
    }
    findings_.final_state = last[0]->state;
    findings_.rounds = last[0]->position.round;
    check_chain(last[0]->position.chain_head, true);
    if (findings_.rounds < setup_.run.rounds) {
        failed(fmt::format("the run ends at round {} of {}", findings_.rounds, setup_.run.rounds));
    }
}

void Checker::check_chain(const std::string& tip, bool is_final) {
    std::set<std::string> counted;
    std::string head = tip;
    while (head != sync::chain_origin()) {
        const auto found = lines_.find(head);
        if (found == lines_.end()) return failed("a chain of manifests has a gap that nobody can fill");
        const sync::Manifest& manifest = found->second.manifest;
        for (const sync::Contributor& one : manifest.contributors) {
            const bool late = one.base + setup_.run.fragments <= manifest.round;
            if (is_final && late) findings_.late += 1;
            if (counted.insert(one.digest).second) continue;
            failed(fmt::format("a contribution of {} is counted twice, the first time in round {}",
                               one.site.text(), manifest.round));
        }
        if (is_final) final_chain_.insert(head);
        head = manifest.previous;
    }
    if (is_final) findings_.counted = counted.size();
}

void Checker::check_abandoned() {
    for (const auto& [head, line] : lines_) {
        if (final_chain_.count(head) > 0) continue;
        findings_.abandoned_rounds += 1;
        if (!line.is_recorded_loss || !any_fault_) {
            failed(fmt::format("round {} was committed and is gone without a record", line.manifest.round));
        }
    }
    for (const auto& [who, life] : lives_) {
        for (const std::string& head : life.heads) {
            if (final_chain_.count(head) > 0) continue;
            failed(fmt::format("{} ended with round {} of another chain", name(who),
                               lines_[head].manifest.round));
        }
    }
}

}  // namespace euromesh::sim
