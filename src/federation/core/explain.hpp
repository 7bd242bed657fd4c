// Why a job may or may not run at each place: one row a partition, before the fact or with a decision.
//
// The same code makes the table of a decision's event and of a dry run. Pure; any thread.
#pragma once

#include "federation/core/law.hpp"
#include "federation/core/tables.hpp"
#include "federation/placement/explanation.hpp"

namespace euromesh::federation {

struct ForbiddenPair;  // round.hpp

// Rows as explain_placement() gives them for one workload of the round. Over `most_bytes`, only each site's
// best row and its first reason are kept; what is left out is counted in a last row {"left_out": n}.
Result<Json> decision_table(const PlacementExplainer& explainer, const std::string& job,
                            const PlannedWorkload* planned, std::size_t most_bytes);

// What would be decided now for a waiting job; for others the same with the moment's knowledge. not_found: no
// such job.
Result<Json> dry_run(const Tables& tables, const LawBook& law, const std::string& job, std::int64_t now_ms);

// For a run over several sites: which site may not exchange with which others, by which rule. In rows of
// those sites, as "no_exchange": [{"with","rule"}].
void tell_forbidden(Json& table, const std::vector<ForbiddenPair>& pairs);

}  // namespace euromesh::federation
