// What must be true after everything was killed: the jobs' own file, the ledger, and what the API says are
// held against each other.
//
// Pure. Each function gives what broke, in words; empty: nothing.
#pragma once

#include "bench/kills/load.hpp"
#include "bench/kills/trace.hpp"

namespace euromesh::kills {

// Of a claim: lines of the jobs' own file.
struct Seen {
    int job = -1;
    std::string site;
    int starts = 0, ends = 0;
};
using SeenClaims = std::map<std::string, Seen>;

// bad_input: a line that no job writes.
Result<SeenClaims> read_run_file(std::string_view text);

using Broken = std::vector<std::string>;

// Each claim ran as often as the ledger says, never twice, where the ledger says.
Broken check_claims(const SeenClaims& seen, const Trace& trace, const std::vector<SubmittedJob>& jobs);
// Each submission is one job; what the API says of it is what its claims say. `shown`: by id, GET
// /v1/jobs/ID.
Broken check_jobs(const SeenClaims& seen, const Trace& trace, const std::vector<SubmittedJob>& jobs,
                  const std::map<std::string, Json>& shown);
// `shown`: GET /v1/allocations.
Broken check_accounts(const Trace& trace, const Json& shown);

// "500 jobs: 420 completed, 30 failed, ..."
std::string summary_of(const Trace& trace, const std::map<std::string, Json>& shown);

}  // namespace euromesh::kills
