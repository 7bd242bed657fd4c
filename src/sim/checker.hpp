// Whether a simulated run kept what a run promises, seen from outside.
//
// - No contribution is counted twice: along a chain of manifests the digest of each names it once, and it is
//   what its site handed in (fragment, base, tokens, inner steps).
// - None is lost without a record: for every life of a site, each that was handed in is in a manifest that
//   it adopted, or dropped with a note, or pending when the life ended.
// - Every round is the weighted sum of exactly the contributions that its manifest names, and the outer step
//   of it, computed once more here.
// - The outer state of a site is the one that its manifest says, the same at all sites that stand at that
//   round of that chain, and the same at all sites at the end.
// - A position only rises; a state of another site has at least the tokens of the own one.
// - The manifests of the final chain reach back to the origin, and every file on every disk is a valid chain
//   with right weights (sync::check_manifests).
// - A round that was committed and is not in the final chain has a record: each life that adopted it was
//   killed, or took the state of another site. Without any fault there is none.
//
// One thread. It sees what Observer says and nothing else. Waits are wait_checker.hpp's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/observer.hpp"
#include "sim/setup.hpp"
#include "sim/wait_checker.hpp"

namespace euromesh::sim {

struct Findings {
    std::vector<std::string> failures;  // empty: all is well; at most failures_most
    std::uint64_t handed_in = 0;
    std::uint64_t counted = 0;  // in the final chain
    std::uint64_t dropped = 0;  // with a note
    std::uint64_t pending = 0;  // when a life ended
    // Noted as dropped by a site that then adopted the round in which it counts: one that leaves meanwhile.
    std::uint64_t contradicted = 0;
    std::uint64_t late = 0;    // of the counted: from an earlier round of the fragment
    std::uint64_t rounds = 0;  // of the final chain
    std::uint64_t abandoned_rounds = 0;
    std::map<std::string, std::uint64_t> notes;  // by kind
    std::string final_state;
    double longest_stall_s = 0;
    double first_commit_s = 0;  // when its first and its last round were committed somewhere
    double last_commit_s = 0;
};

inline constexpr std::size_t failures_most = 20;

class Checker final : public Observer {
  public:
    Checker(const Setup& setup, const EventQueue& queue);

    void life_began(LifeId who, const sync::Position& position, const sync::OuterState& state) override;
    void life_ended(LifeId who, const std::vector<std::string>& pending, bool on_purpose) override;
    void handed_in(const HandIn& contribution) override;
    void noted(LifeId who, const sync::Note& note) override;
    void adopted(LifeId who, const std::string& line, const SharedState& state) override;
    void took_state(LifeId who, const sync::Position& position, const sync::OuterState& state) override;
    void flipped(LifeId who, std::uint64_t round) override;
    void disturbed(Nanoseconds until) override;
    void manifest_file(Rank site, const std::string& text) override;

    // For what only the simulation can see, such as a run that does not end.
    void failed(const std::string& what);
    // After the last life has ended.
    const Findings& finish();

  private:
    struct Life {
        sync::Position position;
        std::string state;
        std::uint64_t handed_in = 0;
        std::uint64_t counted = 0;
        std::uint64_t dropped = 0;
        std::uint64_t pending = 0;
        std::vector<std::string> heads;  // adopted since the site was last killed or took a state
        bool has_state_of_run = false;   // and not only what was on its disk
        bool ended = false;
        bool on_purpose = false;
    };
    struct Line {
        sync::Manifest manifest;
        bool is_recorded_loss = false;  // of somebody who adopted it
    };

    std::string name(LifeId who) const;
    void check_state(const std::string& chain_head, const std::string& state, LifeId who);
    void check_line(const sync::Manifest& manifest);
    void check_sum(const sync::Manifest& manifest);
    void check_contributor(const sync::Manifest& manifest, const sync::Contributor& one);
    void lose_lines(Life& life);
    void check_lives();
    void check_ends();
    void check_chain(const std::string& head, bool is_final);
    void check_abandoned();

    const Setup& setup_;
    const EventQueue& queue_;
    WaitChecker waits_;
    std::vector<sync::Fragment> fragments_;
    std::map<std::string, HandIn> contributions_;  // by digest
    std::map<LifeId, Life> lives_;
    std::map<std::string, Line> lines_;               // by chain digest
    std::map<std::string, std::string> state_at_;     // by chain head
    std::map<std::string, sync::OuterState> states_;  // by digest
    std::set<std::uint64_t> flipped_rounds_;
    std::set<std::string> final_chain_;
    bool any_fault_ = false;
    Findings findings_;
};

}  // namespace euromesh::sim
