// What people read of a federated run: all its sites in one table, and the report at its end.
//
// Pure functions from the coordinator's documents (GET /v1/jobs/{id}/run); parts that are missing give a
// shorter text, never a crash.
#pragma once

#include <string>
#include <vector>

#include "apps/run_job.hpp"
#include "base/json.hpp"

namespace euromesh::apps {

// The table's lines, the job's line first. `now_ms`: for how long something waits or runs.
std::vector<std::string> run_lines(const Json& run, std::int64_t now_ms);
// Changes when something worth a line of its own has changed, for terminals that cannot be drawn over.
std::string run_line(const Json& run);

// What the run was, site by site and in all: waiting, work, loss, utilisation, bytes, charge and energy.
// `sites`: the answer of GET /v1/sites, for the energy of GPUs.
Json run_report(const contract::RunSpec& spec, const Json& run, const Json& sites);
std::string report_text(const Json& report);

// One check of `euromesh verify`.
struct RunCheck {
    std::string what;
    bool holds = false;
    std::string words;
};
// That the sites agree with each other and the charges with the times. `heads`: by site, chain head and final
// outer state of the manifests that were fetched; a site without any is not compared.
struct ManifestEnd {
    std::string head, outer_state;
};
std::vector<RunCheck> run_checks(const Json& run, const std::map<std::string, ManifestEnd>& ends);
std::string checks_text(const std::vector<RunCheck>& checks);

}  // namespace euromesh::apps
