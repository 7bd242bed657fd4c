#include "federation/batch/harvest.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

// The windows that are still worth something, those that close first in front; less what is kept idle.
std::vector<IdleWindow> usable(std::vector<IdleWindow> windows, const HarvestPolicy& policy,
                               std::int64_t now_ms) {
    std::erase_if(windows, [&](const IdleWindow& window) {
        return window.nodes <= 0 || window.until_ms - policy.leave_ms <= now_ms;
    });
    std::stable_sort(windows.begin(), windows.end(),
                     [](const IdleWindow& a, const IdleWindow& b) { return a.until_ms < b.until_ms; });
    std::int64_t kept = policy.nodes_kept;
    for (IdleWindow& window : windows) {
        const std::int64_t taken = std::min(kept, window.nodes);
        window.nodes -= taken;
        kept -= taken;
    }
    return windows;
}

// From the first windows that last until `until_ms`, or else from the last ones. False: there is no room.
bool take(std::vector<IdleWindow>& windows, std::int64_t nodes, std::int64_t until_ms) {
    std::int64_t room = 0;
    for (const IdleWindow& window : windows) room += window.nodes;
    if (room < nodes) return false;
    const auto take_from = [&](IdleWindow& window) {
        const std::int64_t taken = std::min(nodes, window.nodes);
        window.nodes -= taken;
        nodes -= taken;
    };
    for (IdleWindow& window : windows) {
        if (window.until_ms >= until_ms) take_from(window);
    }
    for (auto window = windows.rbegin(); window != windows.rend(); ++window) take_from(*window);
    return true;
}

// The longest time for which so many nodes are free together; 0: they are not.
std::int64_t longest_gap(const std::vector<IdleWindow>& windows, std::int64_t nodes, std::int64_t now_ms) {
    std::int64_t found = 0;
    for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
        found += window->nodes;
        if (found < nodes) continue;
        return window->until_ms == gap_has_no_end ? gap_has_no_end : window->until_ms - now_ms;
    }
    return 0;
}

}  // namespace

Status check(const HarvestPolicy& policy) {
    if (policy.nodes_per_link < 1 || policy.links_most < 0 || policy.nodes_kept < 0)
        return fail(Code::bad_input, "harvest: {} links of {} nodes, {} kept idle: 0 links or more of 1 node",
                    policy.links_most, policy.nodes_per_link, policy.nodes_kept);
    if (policy.least_ms >= 1 && policy.longest_ms >= policy.least_ms && policy.leave_ms >= 0 &&
        policy.leave_ms < policy.least_ms)
        return {};
    return fail(Code::bad_input,
                "harvest: links of {} to {} ms that leave within {} ms: the last below the first",
                policy.least_ms, policy.longest_ms, policy.leave_ms);
}

HarvestPlan plan_harvest(const std::vector<IdleWindow>& windows, const std::vector<HarvestLink>& links,
                         const HarvestPolicy& policy, std::int64_t now_ms) {
    std::vector<IdleWindow> left = usable(windows, policy, now_ms);
    // Who has most time before it stays longest.
    std::vector<HarvestLink> ordered = links;
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const HarvestLink& a, const HarvestLink& b) { return a.ends_ms > b.ends_ms; });
    HarvestPlan plan;
    for (const HarvestLink& link : ordered) {
        const bool stays = take(left, link.nodes, link.ends_ms);
        if (!stays && !link.is_leaving) plan.end.push_back(link.marker);
    }
    const std::int64_t most = policy.links_most - static_cast<std::int64_t>(links.size());
    for (std::int64_t i = 0; i < most; ++i) {
        const std::int64_t gap = longest_gap(left, policy.nodes_per_link, now_ms);
        const std::int64_t room = gap == gap_has_no_end ? policy.longest_ms : gap - policy.leave_ms;
        const std::int64_t duration = std::min(policy.longest_ms, room);
        if (duration < policy.least_ms) break;
        take(left, policy.nodes_per_link, now_ms + duration);
        plan.start.push_back({duration});
    }
    return plan;
}

}  // namespace euromesh::federation
