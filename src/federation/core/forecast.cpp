#include "federation/core/forecast.hpp"

#include <algorithm>

#include "federation/placement/score.hpp"

namespace euromesh::federation {
namespace {

// amount x part / whole without overflow, rounded down.
std::int64_t portion(std::int64_t amount, std::int64_t part, std::int64_t whole) {
    return scaled(amount, part, whole, INT64_MAX);
}

std::int64_t needed_at(const AllocationRecord& a, const ClawBack& policy, std::int64_t number) {
    const std::int64_t part = policy.checkpoints_permille[static_cast<std::size_t>(number - 1)];
    return portion(a.granted + a.clawed_back - a.credited, part * policy.tolerance_permille, 1'000'000);
}

}  // namespace

std::int64_t checkpoint_ms(const AllocationRecord& a, const ClawBack& policy, std::int64_t number) {
    const std::int64_t part = policy.checkpoints_permille[static_cast<std::size_t>(number - 1)];
    return a.begin_ms + portion(a.end_ms - a.begin_ms, part, 1000);
}

std::int64_t claw_back_now(const AllocationRecord& a, const ClawBack& policy, std::int64_t number) {
    const std::int64_t missing = needed_at(a, policy, number) - a.clawed_back - a.used - a.held;
    return std::clamp<std::int64_t>(missing, 0, a.left);
}

std::vector<Checkpoint> forecast(const AllocationRecord& a, const ClawBack& policy, std::int64_t now_ms) {
    std::vector<Checkpoint> coming;
    const std::int64_t elapsed = std::clamp<std::int64_t>(now_ms - a.begin_ms, 1, INT64_MAX / 2);
    AllocationRecord then = a;
    const auto count = static_cast<std::int64_t>(policy.checkpoints_permille.size());
    for (std::int64_t number = a.checkpoints_done + 1; number <= count; ++number) {
        Checkpoint point{number, checkpoint_ms(a, policy, number), needed_at(a, policy, number), 0, 0};
        const std::int64_t until = std::max<std::int64_t>(point.at_ms - a.begin_ms, elapsed);
        const std::int64_t busy = a.used + a.held;
        then.used = std::min(busy + then.left, portion(busy, until, elapsed));
        then.held = 0;
        then.left = std::max<std::int64_t>(0, then.granted - then.used);
        point.expected = then.used;
        point.loss = claw_back_now(then, policy, number);
        then.granted -= point.loss;
        then.left -= point.loss;
        then.clawed_back += point.loss;
        coming.push_back(point);
    }
    return coming;
}

}  // namespace euromesh::federation
