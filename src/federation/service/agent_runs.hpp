// Federated runs at a site: what the agent puts into a run's folder before its trainer starts, and reads from
// it afterwards.
//
//   FOLDER/runs/JOB/run.toml         as its author wrote it
//                   placement.json   where the run takes place (contract/run_placement.hpp)
//                   pki/             the authority of runs, this site's certificate and its key
//                   peers.json       where the other sites' trainers listen now
//                   progress.json    the trainer: how far it has come
//                   claim            the claim for which all this was made: written last
//                   sites/SITE/...   the trainer's checkpoints and manifests
//
// A user of the federation gives a run file and data sets, never a command line: what is started is the
// site's own program with fixed arguments. The key pair is made here and does not leave the folder; the
// coordinator only certifies it (run_authority.hpp). All allocations of a claim use one folder, and a job
// that comes back to the site goes on from what lies there. Thread rule: one thread. It does not: remove
// folders (what was trained lies in them), talk to the coordinator by itself.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/os/file.hpp"
#include "federation/batch/batch_system.hpp"
#include "federation/core/commands.hpp"

namespace euromesh::federation {

// A site's own part of every run: from its agent's file.
struct TrainSite {
    os::Path program;     // euromesh
    os::Path data;        // folder to which paths of texts are relative; empty: the site takes no runs
    os::Path within;      // in which all texts lie, links followed: a run reads nothing else of the site
    std::string listen;   // as RunPlacement
    std::string towards;  // HOST:PORT of the coordinator
    os::Path spool;
    std::string via, interface;
    std::string family = "any";
    std::string device = "cpu";
    std::int64_t threads = 0;  // 0: all cores that the job has
};

class AgentRuns {
  public:
    // Asks the coordinator for the certificate of a claim: {"claim","public_key"} -> {"authority",
    // "certificate"}.
    using Certify = std::function<Result<Json>(const Json&)>;

    // `folder`: of the agent; absolute.
    AgentRuns(SiteId site, os::Path folder, TrainSite train)
        : site_(std::move(site)), folder_(std::move(folder) / "runs"), train_(std::move(train)) {}

    // Fills the run's folder, if that was not done for this claim, and says what is to be started. May be
    // called again. bad_input, not_found: the site cannot run it, in its own words; unavailable: try again.
    Result<JobStart> prepare(const StartOrder& order, const Certify& certify) const;

    // Nothing: its trainer has not told anything yet, or something unreadable.
    std::optional<RunProgress> progress(const std::string& job) const;
    // Replaces the file when it differs.
    Status write_peers(const std::string& job, const std::map<std::string, std::string>& addresses) const;
    // The newest manifests: whole lines, at most so many bytes; `offset` says what is left out before.
    struct Manifests {
        std::string bytes;
        std::uint64_t offset = 0, size = 0;
    };
    Manifests manifests(const std::string& job, std::size_t most) const;

    os::Path folder_of(const std::string& job) const { return folder_ / job; }

  private:
    contract::RunPlacement placement_of(const StartOrder& order) const;
    Status fill(const StartOrder& order, const contract::RunPlacement& placement,
                const Certify& certify) const;
    Status make_keys(const StartOrder& order, const Certify& certify) const;
    JobStart job_of(const StartOrder& order) const;

    SiteId site_;
    os::Path folder_;
    TrainSite train_;
};

}  // namespace euromesh::federation
