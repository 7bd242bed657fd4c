// The one name under which threads are started, so that a search for it finds all of them; and how many the
// machine has for us.
#pragma once

#include <thread>

namespace euromesh::os {

// Joins when it is destroyed.
using Thread = std::jthread;

// Processors that this process may use; at least 1.
inline unsigned hardware_threads() {
    const unsigned count = std::thread::hardware_concurrency();
    return count > 0 ? count : 1;
}

// From now on the calling thread runs when others leave room: for long work that nobody waits for. There is
// no way back. Where the system refuses, nothing changes.
void give_way();

}  // namespace euromesh::os
