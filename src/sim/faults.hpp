// Which faults befall a run, and when: drawn from the seed before the run begins.
//
// Whom they hit is drawn when they come, from those that are there. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "sim/setup.hpp"

namespace euromesh::sim {

enum class FaultKind {
    kill,
    vanish,
    leave,
    reset,
    outage,
    slow_line,
    corrupt_frame,
    repeated_frame,
    clock_jump,
    full_disk,
    hub_restart,
    bit_flip
};

std::string_view name_of(FaultKind kind);

struct Fault {
    FaultKind kind = FaultKind::kill;
    Nanoseconds when{0};
    Nanoseconds length{0};  // how long what is hit is gone, or slow
};

// In no particular order. Within the time that the rounds take when nothing goes wrong.
std::vector<Fault> draw_faults(const Setup& setup, Random& random);

}  // namespace euromesh::sim
