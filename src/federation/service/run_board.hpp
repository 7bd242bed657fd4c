// How far runs have come at their sites, as last reported: for people who watch, and so that trainers find
// each other.
//
// Nothing is kept: after a restart the next reports fill it again. What matters for good is in the ledger
// (ClaimEnded::run). Bounded: only claims that their site reports as open are here. Thread rule: any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "federation/core/core.hpp"

namespace euromesh::federation {

class RunBoard {
  public:
    // All that a site has just told; what it told before is forgotten.
    void note(const std::string& site, const SiteReport& report);
    std::optional<RunProgress> of(const std::string& site, const std::string& claim) const;

    // Of each open claim of the site for a run over several: where the others' trainers listen.
    // {"CLAIM": {"SITE": "HOST:PORT"}}
    Json peers_of(const Tables& tables, const std::string& site) const;
    // The job's newest attempt, site by site, as `GET /v1/jobs/{id}/run` gives it.
    Json document(const Tables& tables, const JobRecord& job) const;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::map<std::string, RunProgress>> by_site_;
};

}  // namespace euromesh::federation
