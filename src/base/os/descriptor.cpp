#include "base/os/descriptor.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/os/system_clock.hpp"

namespace euromesh::os {

bool wait_for_descriptor(int descriptor, DescriptorWait wish, Nanoseconds timeout) {
    const SystemClock clock;
    const Nanoseconds end = clock.monotonic() + timeout;
    pollfd item{descriptor, 0, 0};
    if (wish.read) item.events |= POLLIN;
    if (wish.write) item.events |= POLLOUT;
    for (;;) {
        // Rounded up, so that the last part of a millisecond is not spent in turns.
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(std::max(end - clock.monotonic(), Nanoseconds{0}));
        const auto wait = std::min<std::chrono::milliseconds::rep>(left.count(), INT_MAX);
        const int ready = ::poll(&item, 1, static_cast<int>(wait));
        if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
        if (left.count() == 0) return false;
    }
}

}  // namespace euromesh::os
