// Use it or lose it: what a claw-back takes, and what it will take if work goes on as it did.
//
// At checkpoint k of an allocation [begin, end), after the part c of its time, tolerance x c x granted must
// have been used or be held. What is missing is taken back, at most what is left. The forecast extends use so
// far at its mean rate: a plain rule that the people concerned can recompute. Pure; integers in
// milli-GPU-hours and milliseconds, rounded down in favour of the project. `granted` is what was granted at
// first: a claw-back does not lower the bar.
#pragma once

#include <vector>

#include "federation/core/records.hpp"

namespace euromesh::federation {

struct Checkpoint {
    std::int64_t number = 0;  // from 1
    std::int64_t at_ms = 0;
    std::int64_t needed = 0;    // used or held by then
    std::int64_t expected = 0;  // used or held then, at the rate so far
    std::int64_t loss = 0;      // what would be taken
};

// The moment of checkpoint `number` (from 1).
std::int64_t checkpoint_ms(const AllocationRecord& allocation, const ClawBack& policy, std::int64_t number);
// What checkpoint `number` takes if it were now.
std::int64_t claw_back_now(const AllocationRecord& allocation, const ClawBack& policy, std::int64_t number);
// Checkpoints still to come, with what they would take.
std::vector<Checkpoint> forecast(const AllocationRecord& allocation, const ClawBack& policy,
                                 std::int64_t now_ms);

}  // namespace euromesh::federation
