// Whether anybody waited longer than there was a reason to.
//
// - Nobody waits for a dead site: since the later of the last committed round and the end of the last fault,
//   the next round comes within stall_limit(), whatever the sites' conductors think.
// - Grace: a lead that knows one (enough slacks measured) plans, in a round without any fault on the way, at
//   most that long after the quorum was ready, give or take a tick. The grace is measured here a second time,
//   from the Standings that reached the lead (grace.hpp has the formula).
//
// One thread. Part of Checker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/observer.hpp"
#include "sim/setup.hpp"

namespace euromesh::sim {

// Inner steps of the slowest site with all its straggling, twice; a reduction and a state on its way; all the
// pauses of a conductor and the silence until a peer is given up.
Nanoseconds stall_limit(const Setup& setup);

class WaitChecker {
  public:
    WaitChecker(const Setup& setup, const EventQueue& queue);

    void disturbed(Nanoseconds until);
    // A new round exists: empty, or what was wrong about the wait for it.
    std::string committed();
    std::vector<std::string> stands(LifeId who, const sync::Standing& own,
                                    const std::vector<const sync::Standing*>& others,
                                    const sync::Plan* planned);
    double longest_stall_s() const { return longest_stall_s_; }

  private:
    const Setup& setup_;
    const EventQueue& queue_;
    Nanoseconds limit_;
    Nanoseconds moved_{0};
    Nanoseconds disturbed_until_{0};
    double longest_stall_s_ = 0;
};

}  // namespace euromesh::sim
