#include "base/os/thread.hpp"

#include <sys/resource.h>
#include <unistd.h>

namespace euromesh::os {

// On Linux a priority belongs to a thread, and the number of the calling one is as good as a process's.
void give_way() {
    constexpr int lowest_useful = 10;
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest_useful);
}

}  // namespace euromesh::os
