// How long a round waits for sites that are not ready when enough others are: measured, never guessed.
//
// Why: a fixed time-out is either too short for a slow day or stalls everybody when a site is gone. The slack
// of a site is how long after the quorum was complete it became ready (0 for those of the quorum). A round
// waits median + k * MAD of the last slacks, MAD being the median of the distances from the median: half of
// the sites may be arbitrarily late and the wait does not grow with them (adaptive grace, arXiv 2604.21428).
//
// Pure, one thread. It does not know who the sites are.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace euromesh::sync {

struct GraceConfig {
    double mads = 4;                                    // k
    Nanoseconds least = std::chrono::milliseconds(50);  // never shorter: jitter of the network itself
    std::size_t samples = 6;                            // fewer than these: no grace yet, wait for all
    std::size_t window = 64;                            // older slacks are forgotten
    bool operator==(const GraceConfig&) const = default;
};

// bad_input: k not in [0, 100], no samples, a window smaller than the samples or above 4096.
Status check(const GraceConfig& config);

class GraceMeter {
  public:
    explicit GraceMeter(GraceConfig config) : config_(config) {}

    void record(Nanoseconds slack);
    // Nothing while too little has been measured.
    std::optional<Nanoseconds> grace() const;

  private:
    GraceConfig config_;
    std::deque<Nanoseconds> slacks_;
};

}  // namespace euromesh::sync
