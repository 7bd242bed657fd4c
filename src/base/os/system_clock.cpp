#include "base/os/system_clock.hpp"

#include <ctime>

namespace euromesh::os {
namespace {
Nanoseconds read(clockid_t id) {
    timespec now{};
    ::clock_gettime(id, &now);
    return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}
}  // namespace

Nanoseconds SystemClock::monotonic() const {
    return read(CLOCK_MONOTONIC);
}
Nanoseconds SystemClock::wall() const {
    return read(CLOCK_REALTIME);
}
Nanoseconds process_cpu_time() {
    return read(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace euromesh::os
