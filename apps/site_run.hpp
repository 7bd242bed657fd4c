// One site of a federated run: trains on its own text, and exchanges outer steps with the others.
#pragma once

#include <string>

#include "apps/replica.hpp"
#include "base/log.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

struct SiteOptions {
    ProcessOptions process;
    std::string addresses;  // "a=host:port,b=host:port": in place of those in the run file
    bool resume = false;
};

// Runs to the end of the run, or until the user stops it; then it leaves announced and with a checkpoint.
Status train_site(contract::RunSpec spec, std::size_t rank, const SiteOptions& options, const Clock& clock,
                  const Logger& log, EventTeller& teller);

}  // namespace euromesh::apps
