// Harvest: living on the idle gaps of a machine, with short preemptible jobs of the lowest priority.
//
// Why: a scheduler that keeps nodes free for a large job, or has nothing to run for an hour, leaves
// node-hours that nobody can use who needs a day. A run that leaves and joins at any moment can. So that
// nobody waits for it, a link is never longer than its gap is known to last, and when a gap closes earlier
// than expected, the links in it are told to leave before the scheduler must take them away.
//
// Pure: what the scheduler says of its gaps and what runs goes in, what to start and to end comes out. It
// does not: know a scheduler's commands (IdleWindows), queue anything. Plain values: no thread rule.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace euromesh::federation {

inline constexpr std::int64_t gap_has_no_end = std::numeric_limits<std::int64_t>::max();

// Nodes that nobody else has now: idle, or held by preemptible jobs of this side.
struct IdleWindow {
    std::int64_t nodes = 0;
    std::int64_t until_ms =
        gap_has_no_end;  // UTC: another job is expected to start on them, or a reservation
    bool operator==(const IdleWindow&) const = default;
};

class IdleWindows {
  public:
    virtual ~IdleWindows() = default;
    // Each node in one window at most. unavailable: the scheduler does not say now.
    virtual Result<std::vector<IdleWindow>> idle_windows() = 0;
};

struct HarvestPolicy {
    std::int64_t nodes_per_link = 1;
    std::int64_t links_most = 1;
    std::int64_t least_ms = 10 * 60'000;      // a shorter gap is not worth the start
    std::int64_t longest_ms = 4 * 3'600'000;  // of a link
    std::int64_t leave_ms = 60'000;           // a link that is told to leave is gone so long after
    std::int64_t nodes_kept = 0;              // left idle for who comes
};

struct HarvestLink {
    std::string marker;
    std::int64_t nodes = 1;
    std::int64_t ends_ms = 0;  // at the latest; of one that waits: when it would end if it started now
    bool is_leaving = false;   // has been told to
};

struct HarvestStart {
    std::int64_t duration_ms = 0;
    bool operator==(const HarvestStart&) const = default;
};

struct HarvestPlan {
    std::vector<HarvestStart> start{};  // each of nodes_per_link nodes
    std::vector<std::string> end{};     // told to leave now
};

// bad_input: names what would be right.
Status check(const HarvestPolicy& policy);

// Links that end in time stay in the gaps that close first, so that long gaps are kept for long links.
HarvestPlan plan_harvest(const std::vector<IdleWindow>& windows, const std::vector<HarvestLink>& links,
                         const HarvestPolicy& policy, std::int64_t now_ms);

}  // namespace euromesh::federation
