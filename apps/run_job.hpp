// From a run file to a job of the federation, and what that would cost at most.
//
// Pure: no file, no coordinator. A job made twice from one run file is the same job, byte by byte.
#pragma once

#include <string>

#include "base/json.hpp"
#include "contract/job_spec.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

// `run_file`: its text, which goes with the job as it is. bad_input: what only a federated run needs is
// missing; says which key.
Result<contract::JobSpec> job_of_run(const contract::RunSpec& spec, const std::string& run_file);

// What one site sends another at most: contributions and results of all rounds, and the state twice, for a
// site that joins. Framing and TLS included with an eighth on top.
std::int64_t exchange_bytes_of(const contract::RunSpec& spec);

// Floating-point operations of all training steps of `sites` sites: by tokens, times those of one
// (trainer/model.hpp); inner steps only.
double training_flop_of(const contract::RunSpec& spec, std::int64_t tokens);

// An upper bound from the limits that the run file asks for; energy from what the sites say of their GPUs,
// the highest of each. Bytes of all sites together, to all others.
struct RunBound {
    std::int64_t sites = 0;
    std::int64_t duration_ms = 0;
    std::int64_t gpus = 0;      // at each
    std::int64_t held_mgh = 0;  // milli-GPU-hours, all sites
    std::int64_t bytes = 0;
    std::int64_t rounds = 0;
    std::int64_t tokens = 0;
    double flop = 0;
    std::int64_t energy_j = 0;  // 0: no GPUs, or no site says
};
// `sites`: the answer of GET /v1/sites.
RunBound bound_of(const contract::RunSpec& spec, const Json& sites);
std::string bound_text(const RunBound& bound);
Json to_json(const RunBound& bound);

// Highest watts per GPU of the site's partitions; of one partition when it is named. 0: unknown.
std::int64_t watts_per_gpu(const Json& sites, const std::string& site, const std::string& partition = {});

}  // namespace euromesh::apps
