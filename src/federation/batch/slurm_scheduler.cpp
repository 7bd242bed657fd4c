#include "federation/batch/slurm_scheduler.hpp"

#include <array>
#include <utility>

namespace euromesh::federation {
namespace {

// man squeue, "JOB STATE CODES".
constexpr std::array<std::pair<std::string_view, SlurmState>, 20> states{{
    {"PENDING", SlurmState::pending},      {"REQUEUED", SlurmState::pending},
    {"REQUEUE_HOLD", SlurmState::pending}, {"REQUEUE_FED", SlurmState::pending},
    {"SPECIAL_EXIT", SlurmState::pending}, {"RESV_DEL_HOLD", SlurmState::pending},
    {"RUNNING", SlurmState::active},       {"CONFIGURING", SlurmState::active},
    {"SUSPENDED", SlurmState::active},     {"COMPLETING", SlurmState::completing},
    {"COMPLETED", SlurmState::completed},  {"FAILED", SlurmState::failed},
    {"CANCELLED", SlurmState::cancelled},  {"REVOKED", SlurmState::cancelled},
    {"TIMEOUT", SlurmState::timeout},      {"DEADLINE", SlurmState::timeout},
    {"PREEMPTED", SlurmState::preempted},  {"NODE_FAIL", SlurmState::node_fail},
    {"BOOT_FAIL", SlurmState::node_fail},  {"OUT_OF_MEMORY", SlurmState::out_of_memory},
}};

}  // namespace

SlurmState slurm_state(std::string_view name) {
    // "CANCELLED by 1000" of the accounting.
    const std::string_view word = name.substr(0, name.find(' '));
    for (const auto& [known, state] : states) {
        if (known == word) return state;
    }
    return SlurmState::active;
}

}  // namespace euromesh::federation
