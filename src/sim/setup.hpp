// Everything that one simulated run depends on: sites, lines, the run's settings, faults, and the seed.
//
// Why: a setup and nothing else decides what happens, so a run can be repeated. Scenarios (scenario.hpp) are
// drawn into setups. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/layout.hpp"
#include "sim/network.hpp"
#include "sync/conductor.hpp"

namespace euromesh::sim {

struct SiteModel {
    std::string name;
    double step_seconds = 0.5;  // of one inner step
    std::uint64_t tokens_per_step = 1000;
    LineModel line;
};

struct RunModel {
    std::uint64_t rounds = 10;
    std::uint64_t inner_steps = 30;  // H
    std::uint64_t tau = 0;           // inner steps between contributing and taking the result up; below H
    double alpha = 0.5;              // how much of the own parameters stays when tau > 0
    std::uint64_t fragments = 1;
    std::size_t quorum = 1;
    std::optional<sync::GraceConfig> grace;
    std::uint64_t staleness_most = 2;
    std::uint64_t catch_up_rounds = 4;
    std::uint64_t checkpoint_rounds = 3;
    std::string codec = "int8";
    sync::OuterConfig outer;
    sync::WeightRule weights = sync::WeightRule::tokens;
    double params = 1e9;         // of the model: what bytes and times are computed from
    std::uint64_t values = 160;  // of each fragment: what is really added up
};

struct ComputeModel {
    double spread = 0.05;        // a phase takes 1 - spread to 1 + spread times its steps
    double straggle_chance = 0;  // that a phase takes straggle_factor times longer
    double straggle_factor = 4;
};

// The most that one run has of each; drawn from 0 to it. A fraction is the chance of one.
struct FaultModel {
    double kills = 0;       // SIGKILL: memory is lost, what is on disk stays
    double vanishings = 0;  // the machine is gone, its disk with it; a fresh one comes back
    double leaves = 0;      // announced, as at the end of an allocation; a new one joins later
    double resets = 0;      // one connection
    double outages = 0;     // of one link
    double slow_lines = 0;  // ten times slower and longer for a while
    double corrupt_frames = 0;
    double repeated_frames = 0;
    double clock_jumps = 0;  // of a wall clock, up to a day, both ways
    double full_disks = 0;   // the next write fails
    double hub_restarts = 0;
    double bit_flips = 0;  // a site computes another outer state
    double away_s = 30;    // the longest time for which a site or a link is gone
};

struct Setup {
    std::string name;
    std::uint64_t seed = 1;
    std::vector<SiteModel> sites;
    RunModel run;
    NetworkModel network;
    ComputeModel compute;
    FaultModel faults;
    double fsync_s = 0.0005;
    double tick_fraction = 0.125;  // pauses of a conductor end late by at most this part of themselves
    bool wire = false;             // messages travel as the bytes of their wire form
    // A defect to be found by the checkers: a late contribution that was counted is offered once more.
    bool break_late_twice = false;
};

// Of one site's H inner steps, without spread.
double round_seconds(const Setup& setup, Rank site);
// The values that are really added up: two layers to a fragment.
contract::Layout layout_of(const RunModel& run);
// Of the real model: encoded bytes of one fragment, and of the whole state that a joiner gets (parameters and
// momentum in fp32, and the sum of delayed Nesterov).
double payload_bytes(const RunModel& run);
double state_bytes(const RunModel& run);
sync::ConductorConfig conductor_config(const Setup& setup, Rank self);

// bad_input: what cannot be run, by name.
Status check(const Setup& setup);

}  // namespace euromesh::sim
