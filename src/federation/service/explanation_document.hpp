// Why a job is where it is: the decision as the ledger has it, with the proof that it is there.
//
// {"job","state","decisions":[{"entry","at","table","claims","rules_digest","site_rules","proof"}],"now"?}
// Every decision about the job, the newest last: a row for each partition with the rule that ruled it out or
// the terms of its score, and an inclusion proof against the newest signed head that holds it. While the job
// waits, "now" has the table as it would be decided at this moment. Thread rule: the coordinator's.
#pragma once

#include "federation/service/coordinator.hpp"

namespace euromesh::federation {

// not_found: no such job, or not for this actor's eyes; unavailable: the log cannot be read.
Result<Json> explanation_document(const Coordinator& coordinator, const Actor& actor, const std::string& job);

}  // namespace euromesh::federation
