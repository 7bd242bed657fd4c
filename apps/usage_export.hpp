// What a federated run used, in the forms that others ask for.
//
// annex-xi: what Regulation (EU) 2024/1689, Annex XI, section 1, point 2 (d) and (e) asks the provider of a
// general-purpose model to document: computation, time, energy. ogf-ur: OGF Usage Record 2.0 (GFD.204), one
// record for each claim. Pure; all from the run's report (run_view.hpp) and its job. What is not known is
// left out, never zero.
#pragma once

#include <string>

#include "base/json.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

// `report`: run_report(). Energy carries how it was found.
Json annex_xi(const contract::RunSpec& spec, const Json& report);

// `job`: the answer of GET /v1/jobs/{id}, for account and project; `infrastructure`: the federation's name.
// Times in UTC; durations in whole seconds, rounded up.
std::string ogf_usage_records(const Json& job, const Json& report, const std::string& infrastructure,
                              const std::string& made_at);

}  // namespace euromesh::apps
