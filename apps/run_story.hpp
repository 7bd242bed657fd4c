// What came between in a federated run, told at its end: allocations and the waits for them, sites that took
// no new work, whatever was out of reach, full disks, rounds without a site.
//
// From the coordinator's document alone (GET /v1/jobs/{id}/run): what agents and trainers have told, and the
// ledger's changes of sites. Pure functions; parts that are missing or malformed are left out.
#pragma once

#include <string>

#include "base/json.hpp"

namespace euromesh::apps {

// By time, each with its site. An absence is told by all who were there: it is here once.
Json run_story(const Json& run);

// A line for each: when, counted from `begin_ms`, how long, where, what. Empty: nothing came between.
std::string story_text(const Json& story, std::int64_t begin_ms);

}  // namespace euromesh::apps
