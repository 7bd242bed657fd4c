// The real clock. Created once in main and passed down as a Clock&.
#pragma once

#include "base/clock.hpp"

namespace euromesh::os {

class SystemClock final : public Clock {
  public:
    Nanoseconds monotonic() const override;
    Nanoseconds wall() const override;
};

// CPU time that this process has used: the honest denominator when processes share cores.
Nanoseconds process_cpu_time();

}  // namespace euromesh::os
