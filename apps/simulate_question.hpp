// What `euromesh simulate` is asked: a scenario, what the command line changes in it, and which seeds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/command.hpp"
#include "sim/scenario.hpp"

namespace euromesh::apps {

struct SimulateQuestion {
    std::string scenario = {};  // empty: faults, or calm when something of the model is asked for
    std::uint64_t seed = 1;
    std::uint64_t seeds = 0;  // 0: one run
    unsigned threads = 0;
    bool json = false;
    bool trace = false;
    bool list = false;
    std::string broken = {};

    // As they were written, for the command that repeats a run; empty or absent: as the scenario says.
    std::vector<std::pair<std::string, std::string>> changes = {};
};

void add_simulate_options(CLI::App& command, SimulateQuestion& question);
// `simulate federation`: cmd_simulate_federation.cpp.
CLI::App* add_simulate_federation(CLI::App& simulate, Context& context);

// A file, or one of the scenarios in the program. The command line's changes are made.
Result<sim::Scenario> scenario_of(const SimulateQuestion& question);

// The one line that does this seed again.
std::string repeat_command(const SimulateQuestion& question, std::uint64_t seed);

// "10gbit", "1.5 Gbit", "200mbit", "5e9" (bits a second). bad_input names what would be right.
Result<double> bits_per_second_of(const std::string& text);
// "20ms", "0.02s", "150us"; a bare number is seconds.
Result<double> seconds_of(const std::string& text);
// "405e9", "405b", "70m".
Result<double> count_of(const std::string& text);

}  // namespace euromesh::apps
