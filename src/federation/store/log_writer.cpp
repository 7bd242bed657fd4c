#include "federation/store/log_writer.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

// Without anything to write it looks so often whether it still leads.
constexpr std::chrono::seconds idle_look{1};

// One whose connection was cut while it slept must not take itself for the leader until it writes again.
std::optional<Error> loss_of_lead(LogStore& store) {
    const auto size = store.size();
    if (size || size.error().code != Code::conflict) return std::nullopt;
    return size.error();
}

}  // namespace

LogWriter::LogWriter(std::unique_ptr<LogStore> store, std::uint64_t next, LogWriterOptions options)
    : store_(std::move(store)), options_(options), next_(next), durable_(next) {
    EM_ASSERT(options_.most_batch_entries <= log_append_most_entries &&
                  options_.most_batch_bytes <= log_append_most_bytes,
              "a batch fits into the store's limits");
    thread_ = os::Thread([this](const std::stop_token& stop) { work_until(stop); });
}

LogWriter::~LogWriter() {
    thread_.request_stop();
    thread_.join();
}

Status LogWriter::hand_in(std::uint64_t first, std::vector<std::string> entries, Done done) {
    EM_TRY(check_append(entries));
    std::size_t bytes = 0;
    for (const std::string& entry : entries) bytes += entry.size();
    const std::size_t count = entries.size();
    {
        const std::lock_guard lock(mutex_);
        EM_TRY(current_failure());
        EM_ASSERT(first == next_, "entries are handed in with the numbers that follow");
        if (waiting_entries_ + count > options_.most_waiting_entries ||
            waiting_bytes_ + bytes > options_.most_waiting_bytes) {
            ++counts_.refused;
            return fail(Code::unavailable, "{} entries wait for the disk already: try again later",
                        waiting_entries_);
        }
        waiting_.push_back(
            {.first = first, .entries = std::move(entries), .bytes = bytes, .done = std::move(done)});
        next_ += count;
        waiting_entries_ += count;
        waiting_bytes_ += bytes;
    }
    wakes_.notify_one();
    return {};
}

void LogWriter::run(Task task) {
    EM_ASSERT(task, "a task can be called");
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({.task = std::move(task)});
    }
    wakes_.notify_one();
}

std::uint64_t LogWriter::next() const {
    const std::lock_guard lock(mutex_);
    return next_;
}

std::uint64_t LogWriter::durable() const {
    const std::lock_guard lock(mutex_);
    return durable_;
}

LogWriterCounts LogWriter::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

std::optional<Error> LogWriter::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

Status LogWriter::current_failure() const {
    if (failure_) return fail(*failure_);
    return {};
}

// What waits is written also after a stop was requested.
void LogWriter::work_until(const std::stop_token& stop) {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            wakes_.wait_for(lock, stop, idle_look, [this] { return !waiting_.empty(); });
            if (waiting_.empty() && stop.stop_requested()) return;
            if (waiting_.empty()) {
                lock.unlock();
                auto lost = loss_of_lead(*store_);
                lock.lock();
                if (lost && !failure_) failure_ = std::move(lost);
                continue;
            }
        }
        Batch batch = take_batch();
        if (batch.parts.front().task)
            batch.parts.front().task(*store_);
        else
            write(batch, stop);
    }
}

// A task is a batch of its own, so that it comes after everything before it.
LogWriter::Batch LogWriter::take_batch() {
    const std::lock_guard lock(mutex_);
    Batch batch;
    std::size_t bytes = 0;
    while (!waiting_.empty()) {
        Work& work = waiting_.front();
        const bool fits = batch.entries.size() + work.entries.size() <= options_.most_batch_entries &&
                          bytes + work.bytes <= options_.most_batch_bytes && !work.task;
        if (!batch.parts.empty() && !fits) break;
        bytes += work.bytes;
        waiting_entries_ -= work.entries.size();
        waiting_bytes_ -= work.bytes;
        std::move(work.entries.begin(), work.entries.end(), std::back_inserter(batch.entries));
        batch.parts.push_back(std::move(work));
        waiting_.pop_front();
        if (batch.parts.back().task) break;
    }
    return batch;
}

void LogWriter::write(Batch& batch, const std::stop_token& stop) {
    Status written;
    {
        const std::lock_guard lock(mutex_);
        written = current_failure();
    }
    if (written) written = append_patiently(batch, stop);
    {
        const std::lock_guard lock(mutex_);
        if (written) {
            durable_ += batch.entries.size();
            counts_.entries += batch.entries.size();
            counts_.batches += 1;
            counts_.largest_batch = std::max<std::uint64_t>(counts_.largest_batch, batch.entries.size());
        } else if (!failure_) {
            failure_ = written.error();
        }
    }
    for (Work& work : batch.parts) {
        if (work.done) work.done(written);
    }
}

// A batch may be repeated: the store knows what it has already.
Status LogWriter::append_patiently(const Batch& batch, const std::stop_token& stop) {
    const std::uint64_t first = batch.parts.front().first;
    for (int attempt = 0;; ++attempt) {
        Status written = store_->append(first, batch.entries);
        if (written || written.error().code != Code::unavailable) return written;
        if (attempt >= options_.retries || stop.stop_requested()) return written;
        std::unique_lock lock(mutex_);
        ++counts_.retries;
        // Only the end of the program wakes it early.
        wakes_.wait_for(lock, stop, options_.retry_step, [] { return false; });
    }
}

}  // namespace euromesh::federation
