// Which checks a preflight makes: those that a run file asks of one of its sites, or general ones.
//
// Thread rule: one thread. Errors: only of the request itself (the run file, a site's name, an endpoint);
// whatever is wrong with the node is a finding.
#pragma once

#include <filesystem>

#include "apps/site_check_probe.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

struct SiteCheckRequest {
    std::filesystem::path run_file{};  // empty: general checks
    std::string site{};
    std::vector<std::string> spools{};  // besides the run file's
    std::vector<std::string> to{};      // HOST:PORT that must answer
    std::string via{};                  // empty: the run file's, or plain
    os::Family family = os::Family::any;
    std::string interface {};
    double seconds = 2;
};

// Whom a site dials, and whether others dial it, as the ways of a session do (exchange_ways.hpp): of two
// sites that exchange directly the one of higher rank dials.
struct WayPlan {
    std::vector<std::size_t> dials{};  // ranks
    bool listens = false, hub = false, store = false, spool = false;
};
WayPlan plan_ways(const contract::RunSpec& spec, std::size_t self);

Result<Findings> check_site(const SiteCheckRequest& request, const Clock& clock);

}  // namespace euromesh::apps
