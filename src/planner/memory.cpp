#include "planner/memory.hpp"

#include <cmath>

namespace euromesh::planner {

double replica_bytes(double parameters, const ReplicaMemory& memory) {
    const double outer = memory.outer_on_host ? 0 : memory.outer_bytes_per_parameter;
    return parameters * (memory.state_bytes_per_parameter + outer);
}

double host_bytes(double parameters, const ReplicaMemory& memory) {
    return memory.outer_on_host ? parameters * memory.outer_bytes_per_parameter : 0;
}

double needed_accelerators(double parameters, double memory_per_accelerator, const ReplicaMemory& memory) {
    const double usable = memory_per_accelerator * (1 - memory.activation_share);
    return std::ceil(replica_bytes(parameters, memory) / usable);
}

bool fits(double parameters, double accelerators, double memory_per_accelerator,
          const ReplicaMemory& memory) {
    return needed_accelerators(parameters, memory_per_accelerator, memory) <= accelerators;
}

}  // namespace euromesh::planner
