// Does a replica of the model fit a site?
//
// In low-communication training every site holds a whole replica, sharded over its accelerators. Pure
// functions of doubles. docs/models/memory.md. Units: bytes.
#pragma once

namespace euromesh::planner {

struct ReplicaMemory {
    double state_bytes_per_parameter = 18;  // bf16 weight 2, fp32 gradient 4 (bf16: 2), master 4, moments 8
    double outer_bytes_per_parameter = 8;   // fp32 outer parameters and their momentum
    bool outer_on_host = true;              // kept in the node's memory, sharded, touched once a round
    double activation_share = 0.25;  // of the accelerator's memory: activations, buffers, fragmentation
};

// Bytes that the accelerators of one site must hold for the state.
double replica_bytes(double parameters, const ReplicaMemory& memory = {});
// Bytes that the hosts of one site must hold.
double host_bytes(double parameters, const ReplicaMemory& memory = {});

// The least whole number of accelerators that hold a replica.
double needed_accelerators(double parameters, double memory_per_accelerator,
                           const ReplicaMemory& memory = {});

bool fits(double parameters, double accelerators, double memory_per_accelerator,
          const ReplicaMemory& memory = {});

}  // namespace euromesh::planner
