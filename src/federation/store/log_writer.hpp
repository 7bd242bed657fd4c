// Many callers, one disk: what they hand in is written in batches, each with one wait for the disk.
//
// Why: an fdatasync takes as long for one entry as for a thousand. While one batch is on its way the next one
// gathers; nobody waits for a timer.
//
// hand_in() and run() are safe from any thread; callbacks come on the writer's own thread, in the order of
// hand_in(), after the entries are durable, or with the error that kept them from it. A callback must not
// block and must not destroy the writer.
// Invariants: the entries of one call are durable together or not at all; after a failure nothing later is
// written and everything that waits, or comes, is answered with that failure: the caller's state is then
// ahead of the log, and is to be read anew from it, for which it makes a new writer. Bounded: what does not
// fit into the queue is refused at once. It does not: number, order or read entries.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/thread.hpp"
#include "base/result.hpp"
#include "federation/store/log_store.hpp"

namespace euromesh::federation {

struct LogWriterOptions {
    std::size_t most_waiting_entries = 50'000;
    std::size_t most_waiting_bytes = 64u << 20;
    std::size_t most_batch_entries = 4096;
    std::size_t most_batch_bytes = 8u << 20;
    // A store that is unavailable is tried again for so long, in steps; restarts of a server take seconds.
    Nanoseconds retry_step = std::chrono::milliseconds(200);
    int retries = 50;
};

struct LogWriterCounts {
    std::uint64_t entries = 0;  // durable
    std::uint64_t batches = 0;
    std::uint64_t largest_batch = 0;
    std::uint64_t refused = 0;  // calls, for want of room
    std::uint64_t retries = 0;
};

class LogWriter {
  public:
    using Done = std::function<void(const Status&)>;
    using Task = std::function<void(LogStore&)>;

    // The store leads already; `next` is its size.
    LogWriter(std::unique_ptr<LogStore> store, std::uint64_t next, LogWriterOptions options = {});
    // Writes what was handed in, answers it, and ends.
    ~LogWriter();
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;

    // `first` is the number of the first one: the caller numbers without gaps, and calls in that order.
    // unavailable: the queue is full, come back later, the caller's numbers are unchanged; bad_input: over
    // the store's limits; otherwise the failure that ended the writer. After an error `done` is never called.
    Status hand_in(std::uint64_t first, std::vector<std::string> entries, Done done);

    // Between two batches, after everything handed in before: for snapshots and documents. Also after a
    // failure.
    void run(Task task);

    // Number of the entry that hand_in() expects next.
    std::uint64_t next() const;
    // Entries [0, durable()) are on the disk.
    std::uint64_t durable() const;
    LogWriterCounts counts() const;
    // What ended it, if something did.
    std::optional<Error> failure() const;

  private:
    struct Work {
        std::uint64_t first = 0;
        std::vector<std::string> entries{};
        std::size_t bytes = 0;
        Done done{};
        Task task{};
    };
    struct Batch {
        std::vector<Work> parts{};
        std::vector<std::string> entries{};
    };
    void work_until(const std::stop_token& stop);
    Batch take_batch();
    void write(Batch& batch, const std::stop_token& stop);
    Status append_patiently(const Batch& batch, const std::stop_token& stop);
    Status current_failure() const;

    std::unique_ptr<LogStore> store_;
    LogWriterOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable_any wakes_;
    std::deque<Work> waiting_;
    std::size_t waiting_entries_ = 0;
    std::size_t waiting_bytes_ = 0;
    std::uint64_t next_ = 0;
    std::uint64_t durable_ = 0;
    LogWriterCounts counts_;
    std::optional<Error> failure_;
    os::Thread thread_;
};

}  // namespace euromesh::federation
