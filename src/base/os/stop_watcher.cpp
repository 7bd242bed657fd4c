#include "base/os/stop_watcher.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/os/process.hpp"

namespace euromesh::os {

StopWatcher::StopWatcher(std::function<void()> on_stop, Nanoseconds delay)
    : thread_([on_stop = std::move(on_stop), delay](const std::stop_token& ended) {
          constexpr Nanoseconds look = std::chrono::milliseconds(50);
          std::optional<std::chrono::steady_clock::time_point> since;
          while (!ended.stop_requested()) {
              const auto now = std::chrono::steady_clock::now();
              if (stop_requested() && !since) since = now;
              if (since && now - *since >= delay) return on_stop();
              std::this_thread::sleep_for(since ? std::min<Nanoseconds>(look, delay - (now - *since)) : look);
          }
      }) {}

}  // namespace euromesh::os
