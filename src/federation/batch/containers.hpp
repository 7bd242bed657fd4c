// A site's containers: a job that names an image becomes one that starts the site's runtime with it.
//
// Why here and not in a batch system: what is started is then a plain job, so that every batch system, chain
// and guard treats it as any other. Each such job has a folder of its own, which is all that its program
// reaches of the site, besides what the site mounts. Thread rule: one thread. It does not: isolate more than
// the runtime does (same user, same network, same devices), limit memory, fetch images.
#pragma once

#include <string>
#include <vector>

#include "federation/batch/batch_system.hpp"
#include "federation/batch/container_runtime.hpp"
#include "federation/batch/image_store.hpp"

namespace euromesh::federation {

// From the table [batch] of a site's file.
struct ContainerSite {
    std::string runtime;  // as container_runtime.hpp; empty: the site runs none
    os::Path images;
    os::Path work;  // folders of jobs, unpacked images; on the file system that compute nodes share
    std::vector<std::string> options{};
    std::vector<ContainerMount> mounts{};
};

class Containers {
  public:
    // `memory`: file of the image store.
    Containers(ContainerSite site, os::Path memory);

    // `job` with its program inside the image. A folder that it names is its folder instead of one of its
    // own. May be asked again. refused, not_found: in one line for who submitted it.
    Result<JobStart> job_within(const std::string& image, JobStart job);
    // Its folder goes, with all that it left there.
    void forget(const std::string& marker) const;

  private:
    os::Path folder_of(const std::string& marker) const { return site_.work / "jobs" / marker; }
    ContainerSite site_;
    ImageStore images_;
};

// The store of a site that has a runtime.
ImageStoreOptions image_store_of(const ContainerSite& site, const os::Path& memory);

}  // namespace euromesh::federation
