// What `euromesh simulate` tells: one run or many seeds, in words and as JSON. docs/simulate.md says what the
// numbers mean. Pure functions.
#pragma once

#include <string>

#include "base/json.hpp"
#include "sim/campaign.hpp"

namespace euromesh::apps {

// Means over the sites, from what each has measured.
struct RunFigures {
    double round_seconds = 0;     // between two commits
    double utilisation = 0;       // compute / (compute + wait)
    double wait_seconds = 0;      // of a site and round
    double exchange_seconds = 0;  // of that, since the reduction began: exposed communication
    double sent_bytes = 0;        // of a site and round
    double received_bytes = 0;
};

RunFigures figures_of(const sim::Outcome& outcome);

// `repeat`: the command that does it once more.
std::string in_words(const sim::Setup& setup, const sim::Outcome& outcome, const std::string& repeat);
std::string in_words(const sim::Campaign& campaign, const std::string& name);
Json to_json(const sim::Setup& setup, const sim::Outcome& outcome);
Json to_json(const sim::Campaign& campaign);

}  // namespace euromesh::apps
