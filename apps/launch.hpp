// `euromesh train RUN.toml` on one machine: the sites as processes of their own, shown together.
//
// Phase 1 runs all sites at once. Phase 2, when asked for, trains what the federated model is compared with:
// each site's model alone and the data-parallel baseline, as many processes at a time as there are cores. All
// events are kept in RUN_FOLDER/events/NAME.jsonl, so that the report can be made again from them.
#pragma once

#include <filesystem>
#include <string>

#include "apps/command.hpp"
#include "contract/run_record.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

struct LaunchOptions {
    std::filesystem::path run_file;
    std::string device = "cpu";
    int threads = 1;
    bool baseline = false;  // alone and data-parallel runs after the federated one
    bool resume = false;
    bool json = false;
    int restarts = 1;  // of a site's process that is killed, so that it joins the run again
};

// Runs everything and writes the report. unavailable: a process failed; the message ends with its own last
// line.
Status launch(const contract::RunSpec& spec, const LaunchOptions& options, Context& context);

}  // namespace euromesh::apps
