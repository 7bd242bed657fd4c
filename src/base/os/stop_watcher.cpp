#include "base/os/stop_watcher.hpp"

#include <chrono>

#include "base/os/process.hpp"

namespace euromesh::os {

StopWatcher::StopWatcher(std::function<void()> on_stop)
    : thread_([on_stop = std::move(on_stop)](const std::stop_token& ended) {
          while (!ended.stop_requested()) {
              if (stop_requested()) return on_stop();
              std::this_thread::sleep_for(std::chrono::milliseconds(50));
          }
      }) {}

}  // namespace euromesh::os
