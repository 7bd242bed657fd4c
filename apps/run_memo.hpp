// What `euromesh run` keeps beside the run file: which job of which coordinator the run is.
//
// Why: the command may be stopped, killed or called again at any moment, and never makes a second job. The
// idempotency key is durable before the job is submitted, the job's id right after. The file is
// FOLDER/federation.json, with FOLDER of the run file. One thread; two commands at once on one folder send
// the same key and get the same job.
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/os/file.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

struct RunMemo {
    std::string digest;  // SHA-256 of the job's canonical text
    std::string key;     // idempotency key
    std::string job;     // empty: not submitted, as far as is known
    bool operator==(const RunMemo&) const = default;
};

os::Path memo_file(const contract::RunSpec& spec);
// not_found: the run was never submitted from here; corrupted: not such a file.
Result<RunMemo> read_memo(const contract::RunSpec& spec);
void forget_memo(const contract::RunSpec& spec);
Status write_memo(const contract::RunSpec& spec, const RunMemo& memo);

// The memo of this run, made if there is none, or if `fresh`. conflict: the folder is of another run file.
Result<RunMemo> claim_memo(const contract::RunSpec& spec, const std::string& digest, bool fresh);

// A run file's job, or a job's id: what people name a run by. not_found: that run was never submitted.
Result<std::string> job_named(const std::string& run);

}  // namespace euromesh::apps
