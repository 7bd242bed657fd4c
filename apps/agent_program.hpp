// A site's agent as a running program: batch system, calls to the coordinator, turns until it is told to
// stop.
#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "federation/service/serve_config.hpp"

namespace euromesh::apps {

// Until SIGINT or SIGTERM; what runs goes on, and the next agent finds it. conflict: the coordinator shows
// another ledger than before, or another agent uses the folder.
Status run_agent(const federation::AgentFile& config, const Clock& clock, const Logger& logger);

// By the site's own word: draining (what is there ends, nothing new comes), active, or left (what is open is
// reported as lost; only an administrator takes the site back). Also while its agent runs. refused: not a
// site of the federation, or it has left.
Status set_site_state(const federation::AgentFile& config, const std::string& state, const std::string& words,
                      const Clock& clock);

// Makes the site's key, if there is none, and prints what an administrator needs to admit the site.
Status enrol_site(const federation::AgentFile& config);

// Copies a container image to the site's folder of images, and prints its digest. refused: the site's file
// names no container runtime.
Status add_site_image(const federation::AgentFile& config, const os::Path& image);

// Replaces the site's key by a new one, for which the old one signs; a running agent takes it up by itself.
Status rotate_site_key(const federation::AgentFile& config);

}  // namespace euromesh::apps
