// The measurements of a preflight that need the network or a store.
//
// Each blocks for a few seconds at most. Thread rule: one thread; a look-up that does not end is left behind.
#pragma once

#include "apps/site_check_judge.hpp"
#include "sync/exchange/connector.hpp"

namespace euromesh::apps {

struct Goal {
    std::string name;  // "hub", "peer lumi"
    os::Endpoint endpoint;
    bool may_be_silent = false;  // see ReachSample
    bool is_hub = false;
};

struct ProbeContext {
    const Clock& clock;
    Nanoseconds rate_duration = std::chrono::seconds(2);  // of each of four measurements
    std::optional<os::Validity> keys{};
};

// Look-up and connection; through the proxy or command where there is one; what a hub says; and against a
// counterpart (site_check_peer.hpp) clocks and rates.
Findings check_goal(const Goal& goal, const sync::ConnectorOptions& out, const ProbeContext& context);

// Puts, lists, gets and removes a small blob below site-check/.
Finding check_store(const std::string& name, const std::string& location, const Clock& clock);

// Room and speed of a folder; or, where a run will make it, of the nearest one above it.
Findings check_folder(const std::string& name, const std::filesystem::path& folder, bool may_be_made,
                      const Clock& clock);

Findings check_machine(const Clock& clock);

}  // namespace euromesh::apps
