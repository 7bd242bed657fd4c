#include "federation/batch/slurm_scheduler.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {

TEST_CASE("Slurm's states are told apart, and one that is not known is not taken for an end") {
    CHECK(slurm_state("PENDING") == SlurmState::pending);
    CHECK(slurm_state("CANCELLED by 1000") == SlurmState::cancelled);
    CHECK(slurm_state("NODE_FAIL") == SlurmState::node_fail);
    CHECK(slurm_state("BOOT_FAIL") == SlurmState::node_fail);
    CHECK(slurm_state("SOMETHING_NEW") == SlurmState::active);
    CHECK(SlurmJob{.id = "1", .state = SlurmState::out_of_memory}.is_over());
    CHECK(SlurmJob{.id = "1", .state = SlurmState::completed}.is_over());
    CHECK_FALSE(SlurmJob{.id = "1", .state = SlurmState::completing}.is_over());
}

}  // namespace euromesh::federation
