// `euromesh up`: a whole federation on one machine, for trying it.
//
// Coordinator and development issuer in this process, the agents of three sites as processes of their own
// with local processes as their batch system, one project, and the person logged in. Everything lies in one
// folder; the next start goes on from it. Only loopback addresses, but for a coordinator whose sites are
// elsewhere (a testbed): the issuer, which asks for no password, stays on loopback. Thread rule: one thread.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/os/file.hpp"

namespace euromesh::apps {

struct UpOptions {
    os::Path folder = "euromesh-up";
    std::uint16_t port = 8700;  // of a new folder; the issuer's is the next one. 0: free ones
    bool fresh = false;         // remove what an earlier start left
    bool json = false;
    // Sites that are elsewhere, instead of three here: what their `euromesh site key` printed is put into
    // this folder as NAME.json, at any time, and they are admitted.
    os::Path admit{};
    // Where they reach the coordinator: HOST:PORT, with a certificate for HOST (PEM files).
    std::string listen{};
    os::Path certificate{}, key{}, authorities{};
};

// Until SIGINT or SIGTERM. conflict: a port is taken, or another `up` uses the folder.
Status run_up(const UpOptions& options, const Clock& clock, const Logger& logger);

}  // namespace euromesh::apps
