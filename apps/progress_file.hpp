// What a placed trainer tells its site's agent: how far it has come, in one small file that is replaced after
// each round (federation/core/run_progress.hpp).
//
// Counts go on from what the file says already: a claim has one file through all its allocations. A full
// disk loses the file, never the run. One thread.
#pragma once

#include <memory>

#include "base/json.hpp"
#include "base/os/file.hpp"
#include "contract/run_spec.hpp"
#include "federation/core/run_progress.hpp"

namespace euromesh::apps {

class ProgressFile {
  public:
    // `manifests`: the site's file, of which the newest line's chain digest is told. `sites`: all of the run,
    // so that who had no part in a round can be told.
    ProgressFile(os::Path file, os::Path manifests, std::int64_t rounds_all,
                 std::vector<std::string> sites = {});

    // Events as a trainer tells them (docs/cli.md).
    void take(const Json& event);
    const federation::RunProgress& progress() const { return progress_; }

  private:
    void take_round(const Json& event);
    void take_absence(const std::string& site, const Json& event);
    void write();

    os::Path file_, manifests_;
    std::vector<std::string> sites_;
    federation::RunProgress progress_;
};

// Null: the run was not placed by a federation.
Result<std::shared_ptr<ProgressFile>> progress_file_of(const contract::RunSpec& spec,
                                                       const std::string& site);

}  // namespace euromesh::apps
