// Numbers for a monitoring system to fetch, written as OpenMetrics 1.0 text.
//
// Counters and histograms are relaxed atomics of integers: cheap to change from any thread; durations count
// nanoseconds inside and become seconds only in the text. A series is asked for once and kept by reference:
// asking takes a lock, counting does not. Series live as long as the registry.
//
// Thread rule: everything is safe from any thread. It does not: delete series, keep a history.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace euromesh::federation {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
  public:
    void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

class Gauge {
  public:
    void add(std::int64_t change) { value_.fetch_add(change, std::memory_order_relaxed); }
    void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::int64_t> value_{0};
};

// Of durations. Buckets 0.1 ms to 10 s, in steps of about 2.5.
class Histogram {
  public:
    static constexpr std::array<std::int64_t, 15> bounds_us = {100,    250,    500,     1000,    2500,
                                                               5000,   10000,  25000,   50000,   100000,
                                                               250000, 500000, 1000000, 2500000, 10000000};
    void observe(Nanoseconds duration);
    std::uint64_t count() const;
    std::uint64_t sum_ns() const { return sum_ns_.load(std::memory_order_relaxed); }
    // Of one bucket alone; the last one has no bound.
    std::uint64_t in_bucket(std::size_t bucket) const;

  private:
    std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> buckets_{};
    std::atomic<std::uint64_t> sum_ns_{0};
};

class MetricRegistry {
  public:
    MetricRegistry();
    ~MetricRegistry();
    MetricRegistry(const MetricRegistry&) = delete;
    MetricRegistry& operator=(const MetricRegistry&) = delete;

    // `name` without "_total" and with its unit last: "http_request_body_bytes". The same name and labels
    // give the same series; a name has one kind and one help text (the first).
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {});
    // Asked for whenever the text is written; must be safe from any thread and quick.
    void gauge_from(const std::string& name, const std::string& help, const Labels& labels,
                    std::function<std::int64_t()> read);

    std::string text() const;
    static constexpr std::string_view content_type =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

  private:
    struct Family;
    Family& family(const std::string& name, const std::string& help, int kind);
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Family>> families_;
};

}  // namespace euromesh::federation
