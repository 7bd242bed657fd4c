// Calls back once when the user asks to stop (base/os/process.hpp), or so long after it, for code that is
// blocked in a wait.
//
// The callback runs on a thread of its own, which ends with the object. It must be safe to call from there.
#pragma once

#include <functional>

#include "base/clock.hpp"
#include "base/os/thread.hpp"

namespace euromesh::os {

class StopWatcher {
  public:
    explicit StopWatcher(std::function<void()> on_stop, Nanoseconds delay = Nanoseconds{0});

  private:
    Thread thread_;
};

}  // namespace euromesh::os
