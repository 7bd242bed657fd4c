// A scenario: what a seed is drawn into. docs/simulate.md lists the keys of its file.
//
// Why: ten thousand seeds of one scenario are to be ten thousand different runs (number of sites, quorum,
// codec, lines, faults), each of which the scenario and its number repeat. Wherever a file may say a range,
// each seed draws its own value, and what belongs to a site is drawn for each site.
//
// Plain values, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sim/setup.hpp"

namespace euromesh::sim {

// Uniform from low to high, both included; of whole numbers where whole ones are asked for.
struct Range {
    double low = 0;
    double high = 0;
    static Range of(double value) { return {value, value}; }
    bool operator==(const Range&) const = default;
};

struct Scenario {
    std::string about;
    // What is the same for all seeds. Sites that it names are taken as they are.
    Setup fixed;

    Range sites = {3, 3};  // when none are named
    Range step_seconds = {0.5, 0.5};
    Range tokens_per_step = {1000, 1000};
    Range bandwidth_mbit = {1000, 1000};
    Range latency_ms = {10, 10};
    double hub_chance = 0;  // of each site: that it reaches the others by the hub

    Range rounds = {10, 10};
    Range inner_steps = {30, 30};
    Range tau = {0, 0};
    Range fragments = {1, 1};
    Range quorum = {1, 1};  // at most the number of sites
    Range staleness = {2, 2};
    Range catch_up = {4, 4};
    double grace_chance = 0;
    double wire_chance = 0;
    std::vector<std::string> codecs = {"int8"};
    std::vector<std::string> outer = {"nesterov"};
    std::vector<std::string> weights = {"tokens"};
};

// bad_input: one line that names file, line and key. `label` names the file in messages.
Result<Scenario> read_scenario(std::string_view text, const std::string& label);

Setup draw(const Scenario& scenario, std::uint64_t seed);

}  // namespace euromesh::sim
