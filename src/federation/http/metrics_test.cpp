#include "federation/http/metrics.hpp"

#include <doctest/doctest.h>

#include "base/os/thread.hpp"

namespace euromesh::federation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("counters and gauges are written with type, help and labels, and the text ends") {
    MetricRegistry registry;
    registry.counter("jobs", "Jobs that came.", {{"tier", "playground"}}).add(3);
    registry.gauge("open_connections", "Connections.").set(-2);
    registry.gauge_from("queue_bytes", "Bytes that wait.", {}, [] { return std::int64_t{17}; });
    const std::string text = registry.text();
    CHECK(has(text, "# TYPE jobs counter"));
    CHECK(has(text, "# HELP jobs Jobs that came."));
    CHECK(has(text, "jobs_total{tier=\"playground\"} 3"));
    CHECK(has(text, "open_connections -2"));
    CHECK(has(text, "# UNIT queue_bytes bytes"));
    CHECK(has(text, "queue_bytes 17"));
    CHECK(text.ends_with("# EOF\n"));
    CHECK(MetricRegistry().text() == "# EOF\n");
}

TEST_CASE("labels and help are escaped") {
    MetricRegistry registry;
    registry.counter("odd", "two\nlines \\", {{"name", "a\"b\\c\nd"}}).add();
    CHECK(has(registry.text(), R"(odd_total{name="a\"b\\c\nd"} 1)"));
    CHECK(has(registry.text(), R"(# HELP odd two\nlines \\)"));
}

TEST_CASE("a histogram counts up to each bound, and its sum is exact") {
    MetricRegistry registry;
    Histogram& latency = registry.histogram("request_seconds", "Time to answer.", {{"route", "a"}});
    latency.observe(microseconds(100));
    latency.observe(microseconds(101));
    latency.observe(milliseconds(10));
    latency.observe(seconds(60));
    latency.observe(-seconds(1));
    const std::string text = registry.text();
    CHECK(has(text, "# UNIT request_seconds seconds"));
    CHECK(has(text, "request_seconds_bucket{route=\"a\",le=\"0.0001\"} 2"));
    CHECK(has(text, "request_seconds_bucket{route=\"a\",le=\"0.00025\"} 3"));
    CHECK(has(text, "request_seconds_bucket{route=\"a\",le=\"0.01\"} 4"));
    CHECK(has(text, "request_seconds_bucket{route=\"a\",le=\"10\"} 4"));
    CHECK(has(text, "request_seconds_bucket{route=\"a\",le=\"+Inf\"} 5"));
    CHECK(has(text, "request_seconds_count{route=\"a\"} 5"));
    CHECK(has(text, "request_seconds_sum{route=\"a\"} 60.010201000"));
    CHECK(latency.count() == 5);
}

TEST_CASE("the same name and labels are one series, and threads lose no count") {
    MetricRegistry registry;
    {
        std::vector<os::Thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                Counter& counter = registry.counter("hits", "Hits.");
                Histogram& times = registry.histogram("wait_seconds", "Waits.");
                for (int i = 0; i < 10000; ++i) {
                    counter.add();
                    times.observe(Nanoseconds(1));
                }
            });
        }
    }
    CHECK(registry.counter("hits", "Hits.").value() == 40000);
    CHECK(registry.histogram("wait_seconds", "Waits.").sum_ns() == 40000);
}

}  // namespace
}  // namespace euromesh::federation
