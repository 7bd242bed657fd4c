// One run of a setup, from the first site that starts to the last that leaves.
//
// The setup and its seed decide everything: simulate() twice gives the same digest, which is over all that
// happened and when, and over the final state. A run ends when all sites are there, connected, and stand at
// the last round; then they leave. Thread rule: none shared; several runs may go on in several threads.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/checker.hpp"
#include "sim/site.hpp"

namespace euromesh::sim {

struct SiteOutcome {
    SiteTimes times;
    SiteTraffic traffic;
};

struct Outcome {
    std::string digest;  // 32 hexadecimal digits
    double seconds = 0;  // simulated, until the last round was committed everywhere
    std::uint64_t events = 0;
    std::map<std::string, std::uint64_t> faults;  // by kind, those that happened
    Findings findings;
    std::vector<SiteOutcome> sites;
};

using TraceSink = std::function<void(const std::string& line)>;

// bad_input: check(setup).
Result<Outcome> simulate(const Setup& setup, const TraceSink& trace = {});

}  // namespace euromesh::sim
