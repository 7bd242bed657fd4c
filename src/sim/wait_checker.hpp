// Whether anybody waited longer than there was a reason to.
//
// - Nobody waits for a dead site: since the later of the last committed round and the end of the last fault,
//   the next round comes within stall_limit(), whatever the sites' conductors think.
//
// One thread. Part of Checker. It does not measure a lead's grace: only conductors' own tests do.
#pragma once

#include <string>

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
    double longest_stall_s() const { return longest_stall_s_; }

  private:
    const EventQueue& queue_;
    Nanoseconds limit_;
    Nanoseconds moved_{0};
    Nanoseconds disturbed_until_{0};
    double longest_stall_s_ = 0;
};

}  // namespace euromesh::sim
