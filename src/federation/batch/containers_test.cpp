#include "federation/batch/containers.hpp"

#include "federation/batch/container_for_test.hpp"
#include "federation/batch/local_batch_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("local processes run jobs in containers") {
    const LocalBatchFolder folder;
    check_container_job(folder.test());
}

TEST_CASE("what cannot run in a container is refused before it is handed to anybody") {
    const LocalBatchFolder folder;
    const JobStart job = shell_job(folder.test(), "no", "true");
    const std::string image = "sha256:" + std::string(64, 'a');
    Containers none({}, folder.path / "memory.json");
    CHECK(none.job_within(image, job).error().message.find("runs no container images") != std::string::npos);
    Containers empty({.runtime = "apptainer", .images = folder.path / "images", .work = folder.path / "work"},
                     folder.path / "memory.json");
    const auto missing = empty.job_within(image, job);
    CHECK(missing.error().code == Code::not_found);
    CHECK(missing.error().message.find(".sif") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder.path / "work"));
}

}  // namespace
}  // namespace euromesh::federation
