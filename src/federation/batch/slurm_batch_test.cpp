#include "federation/batch/slurm_batch.hpp"

#include "federation/batch/slurm_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("Slurm jobs: a job's life") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_job_life(folder.test());
    }
}

TEST_CASE("Slurm jobs: warnings, files, one after another") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_order_of_jobs(folder.test());
    }
}

TEST_CASE("Slurm jobs: exactly once") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_once(folder.test());
    }
}

TEST_CASE("Slurm jobs: cancel") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_cancel(folder.test());
    }
}

}  // namespace
}  // namespace euromesh::federation
