#include "federation/batch/containers.hpp"

#include "base/os/terminal.hpp"

namespace euromesh::federation {

ImageStoreOptions image_store_of(const ContainerSite& site, const os::Path& memory) {
    ImageStoreOptions options;
    options.images = site.images;
    if (!site.runtime.empty()) options.suffix = image_suffix(site.runtime);
    options.memory = memory;
    if (needs_unpacked(site.runtime)) options.unpacked = site.work / "images";
    return options;
}

Containers::Containers(ContainerSite site, os::Path memory)
    : site_(std::move(site)), images_(image_store_of(site_, memory)) {}

Result<JobStart> Containers::job_within(const std::string& image, JobStart job) {
    if (site_.runtime.empty())
        return fail(Code::refused,
                    "this site runs no container images: leave 'image' out, or prefer another "
                    "site");
    EM_ASSIGN(const os::Path file, images_.find(image));
    if (job.directory.empty()) {
        job.directory = folder_of(job.marker).string();
        EM_TRY(os::make_folders(job.directory));
        std::error_code error;
        std::filesystem::permissions(job.directory, std::filesystem::perms::owner_all, error);
        if (error) return fail(os::file_error(error.value(), "closing to others", job.directory));
    }
    EM_ASSIGN(auto words, container_arguments(site_.runtime, {.image = file.string(),
                                                              .work = job.directory,
                                                              .mounts = site_.mounts,
                                                              .options = site_.options,
                                                              .executable = job.executable,
                                                              .arguments = job.arguments}));
    job.executable = words.front();
    job.arguments.assign(words.begin() + 1, words.end());
    // A folder of the node is not there inside; and ch-run starts nobody without a name.
    job.environment.try_emplace("TMPDIR", "/tmp");
    if (!os::environment("USER")) job.environment.try_emplace("USER", "euromesh");
    return job;
}

void Containers::forget(const std::string& marker) const {
    if (site_.runtime.empty()) return;
    std::error_code error;
    std::filesystem::remove_all(folder_of(marker), error);
}

}  // namespace euromesh::federation
