// The batch system of a site, as its file names it: the table [batch], and what is opened from it.
//
// Why: an agent knows one BatchSystem; which, with what settings and in which folder is the centre's
// business. Whatever it is, claims that resume run over it as a chain of allocations (chained_batch.hpp).
// Thread rule: one thread at a time. It does not: change users, or ask for a right beyond those of this
// process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/file.hpp"
#include "contract/toml_reader.hpp"
#include "federation/batch/batch_system.hpp"
#include "federation/batch/chain.hpp"
#include "federation/batch/containers.hpp"
#include "federation/batch/slurm_rest.hpp"

namespace euromesh::federation {

struct SiteBatchFile {
    std::string kind = "local";  // or slurm, slurmrestd
    os::Path folder{};           // journals and jobs; under Slurm on the file system that compute nodes share
    std::int64_t slots = 1;      // local: jobs at once
    std::vector<std::string> submit_options{};  // slurm: of every sbatch, "--account=p123"
    std::string slurm_conf{};                   // slurm: if it is not the usual one
    SlurmRestOptions rest{};                    // slurmrestd
    ContainerSite containers{};
};

// The table [batch] of a site's file; paths are relative to `beside`. What is wrong goes to the reader.
SiteBatchFile read_site_batch(contract::TomlReader& toml, const os::Path& beside, SiteBatchFile usual);

class SiteBatch {
  public:
    // conflict: another agent uses the folder; for some seconds after one was killed it waits for that.
    static Result<std::unique_ptr<SiteBatch>> open(const SiteBatchFile& file, const ChainPolicy& chain,
                                                   std::int64_t gpus, const Clock& clock);
    BatchSystem& system() { return *chain_; }

  private:
    SiteBatch(std::unique_ptr<BatchSystem> inner, std::unique_ptr<BatchSystem> chain)
        : inner_(std::move(inner)), chain_(std::move(chain)) {}
    std::unique_ptr<BatchSystem> inner_, chain_;
};

}  // namespace euromesh::federation
