// What a partition has free over time, as slots between the moments at which it changes.
//
// A slot is half-open and the last one has no end. A claim takes its GPUs in every slot that it touches: at
// no moment more is taken than is predicted to be free. Starts are the beginnings of slots: the steps of the
// capacity and the ends of maintenance windows. Pure; no thread rule. It does not know who takes what.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "federation/placement/model.hpp"

namespace euromesh::federation {

struct CapacitySlots {
    std::vector<std::int64_t> from_ms{};  // ascending, the first is now; not empty
    std::vector<std::int64_t> gpus{};     // free in each

    std::size_t size() const { return from_ms.size(); }
    // Slots that [start of `slot`, + run_ms) touches: [slot, end_slot).
    std::size_t end_slot(std::size_t slot, std::int64_t run_ms) const;
    bool fits(std::size_t slot, std::int64_t run_ms, std::int64_t gpus_wanted) const;
    void take(std::size_t slot, std::int64_t run_ms, std::int64_t gpus_taken);
};

// At most `most` slots (>= 1): later changes count as the last slot, with the least that is free from there
// on.
CapacitySlots capacity_slots(const PlacementPartition& partition, std::int64_t now_ms, int most);

// Whether a claim that starts anywhere between the two moments and runs for run_ms touches no window.
bool clear_of_maintenance(const PlacementPartition& partition, std::int64_t earliest_ms,
                          std::int64_t latest_ms, std::int64_t run_ms);

// The earliest start for so many GPUs; nothing when never. Band of width zero: what is known to end, ends.
std::optional<StartBand> start_from_capacity(const PlacementPartition& partition, std::int64_t now_ms,
                                             std::int64_t run_ms, std::int64_t gpus);

}  // namespace euromesh::federation
