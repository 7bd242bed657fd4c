#include "federation/placement/capacity.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

constexpr int most_slots_looked_at = 4096;

// Least that is free in [from, until) by the steps.
std::int64_t least_free(const std::vector<CapacityStep>& steps, std::int64_t from_ms, std::int64_t until_ms) {
    const auto later = [](std::int64_t moment, const CapacityStep& step) { return moment < step.from_ms; };
    auto step = std::upper_bound(steps.begin(), steps.end(), from_ms, later);
    if (step == steps.begin()) return 0;
    std::int64_t least = std::prev(step)->gpus_free;
    for (; step != steps.end() && step->from_ms < until_ms; ++step) least = std::min(least, step->gpus_free);
    return least;
}

}  // namespace

std::size_t CapacitySlots::end_slot(std::size_t slot, std::int64_t run_ms) const {
    const std::int64_t end_ms = from_ms[slot] + run_ms;
    const auto first = from_ms.begin() + static_cast<std::ptrdiff_t>(slot + 1);
    return static_cast<std::size_t>(std::lower_bound(first, from_ms.end(), end_ms) - from_ms.begin());
}

bool CapacitySlots::fits(std::size_t slot, std::int64_t run_ms, std::int64_t gpus_wanted) const {
    const std::size_t end = end_slot(slot, run_ms);
    for (std::size_t i = slot; i < end; ++i) {
        if (gpus[i] < gpus_wanted) return false;
    }
    return true;
}

void CapacitySlots::take(std::size_t slot, std::int64_t run_ms, std::int64_t gpus_taken) {
    const std::size_t end = end_slot(slot, run_ms);
    for (std::size_t i = slot; i < end; ++i) {
        EM_ASSERT(gpus[i] >= gpus_taken, "more is taken than is free");
        gpus[i] -= gpus_taken;
    }
}

CapacitySlots capacity_slots(const PlacementPartition& partition, std::int64_t now_ms, int most) {
    EM_ASSERT(most >= 1, "a partition has at least one slot");
    std::vector<std::int64_t> moments{now_ms};
    for (const CapacityStep& step : partition.capacity) moments.push_back(std::max(step.from_ms, now_ms));
    for (const TimeWindow& window : partition.maintenance) {
        moments.push_back(std::max(window.until_ms, now_ms));
    }
    std::sort(moments.begin(), moments.end());
    moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
    moments.resize(std::min(moments.size(), static_cast<std::size_t>(most)));
    CapacitySlots slots{std::move(moments), {}};
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::int64_t until =
            i + 1 < slots.size() ? slots.from_ms[i + 1] : std::numeric_limits<std::int64_t>::max();
        slots.gpus.push_back(least_free(partition.capacity, slots.from_ms[i], until));
    }
    return slots;
}

bool clear_of_maintenance(const PlacementPartition& partition, std::int64_t earliest_ms,
                          std::int64_t latest_ms, std::int64_t run_ms) {
    const auto touched = [&](const TimeWindow& window) {
        return window.from_ms < latest_ms + run_ms && earliest_ms < window.until_ms;
    };
    return std::none_of(partition.maintenance.begin(), partition.maintenance.end(), touched);
}

std::optional<StartBand> start_from_capacity(const PlacementPartition& partition, std::int64_t now_ms,
                                             std::int64_t run_ms, std::int64_t gpus) {
    const CapacitySlots slots = capacity_slots(partition, now_ms, most_slots_looked_at);
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        const std::int64_t start = slots.from_ms[slot];
        if (slots.fits(slot, run_ms, gpus) && clear_of_maintenance(partition, start, start, run_ms)) {
            return StartBand{start - now_ms, start - now_ms};
        }
    }
    return std::nullopt;
}

}  // namespace euromesh::federation
