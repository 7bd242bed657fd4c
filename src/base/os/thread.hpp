// The one name under which threads are started, so that a search for it finds all of them.
#pragma once

#include <thread>

namespace euromesh::os {

// Joins when it is destroyed.
using Thread = std::jthread;

}  // namespace euromesh::os
