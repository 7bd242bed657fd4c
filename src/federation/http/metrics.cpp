#include "federation/http/metrics.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

enum Kind { counter_kind, gauge_kind, histogram_kind };
constexpr std::string_view kind_names[] = {"counter", "gauge", "histogram"};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '"')
            out += "\\\"";
        else if (c == '\n')
            out += "\\n";
        else
            out.push_back(c);
    }
    return out;
}

// `{a="1",b="2"}`, or nothing.
std::string label_text(const Labels& labels) {
    if (labels.empty()) return "";
    std::string out = "{";
    for (const auto& [name, value] : labels) {
        if (out.size() > 1) out += ",";
        out += fmt::format("{}=\"{}\"", name, escaped(value));
    }
    return out + "}";
}

// The labels of a series and one more.
std::string with_label(const Labels& labels, const std::string& name, std::string value) {
    Labels all = labels;
    all.emplace_back(name, std::move(value));
    return label_text(all);
}

// Exact, for sums of integers shall not lose digits in a double.
std::string seconds_text(std::uint64_t nanoseconds) {
    return fmt::format("{}.{:09}", nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000);
}

std::string bound_text(std::size_t bucket) {
    if (bucket == Histogram::bounds_us.size()) return "+Inf";
    return fmt::format("{}", static_cast<double>(Histogram::bounds_us[bucket]) / 1e6);
}

bool is_metric_name(std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    if (name.empty() || !is_letter(name[0])) return false;
    for (const char c : name) {
        if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
    }
    return !name.ends_with("_total");
}

struct Series {
    Labels labels{};
    std::unique_ptr<Counter> counter{};
    std::unique_ptr<Gauge> gauge{};
    std::unique_ptr<Histogram> histogram{};
    std::function<std::int64_t()> read{};
};

void write_histogram(std::string& out, const std::string& name, const Series& series) {
    std::uint64_t below = 0;
    for (std::size_t bucket = 0; bucket <= Histogram::bounds_us.size(); ++bucket) {
        below += series.histogram->in_bucket(bucket);
        out +=
            fmt::format("{}_bucket{} {}\n", name, with_label(series.labels, "le", bound_text(bucket)), below);
    }
    const std::string labels = label_text(series.labels);
    out += fmt::format("{}_count{} {}\n", name, labels, below);
    out += fmt::format("{}_sum{} {}\n", name, labels, seconds_text(series.histogram->sum_ns()));
}

void write_series(std::string& out, const std::string& name, const Series& series) {
    const std::string labels = label_text(series.labels);
    if (series.counter) out += fmt::format("{}_total{} {}\n", name, labels, series.counter->value());
    if (series.gauge) out += fmt::format("{}{} {}\n", name, labels, series.gauge->value());
    if (series.read) out += fmt::format("{}{} {}\n", name, labels, series.read());
    if (series.histogram) write_histogram(out, name, series);
}

}  // namespace

void Histogram::observe(Nanoseconds duration) {
    const std::int64_t ns = duration.count() < 0 ? 0 : duration.count();
    std::size_t bucket = 0;
    while (bucket < bounds_us.size() && ns > bounds_us[bucket] * 1000) ++bucket;
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(static_cast<std::uint64_t>(ns), std::memory_order_relaxed);
}

std::uint64_t Histogram::in_bucket(std::size_t bucket) const {
    return buckets_.at(bucket).load(std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
    std::uint64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
    return total;
}

struct MetricRegistry::Family {
    int kind = 0;
    std::string help{};
    std::map<std::string, Series> series{};

    Series& of(const Labels& labels) {
        Series& one = series[label_text(labels)];
        one.labels = labels;
        return one;
    }
};

MetricRegistry::MetricRegistry() = default;
MetricRegistry::~MetricRegistry() = default;

MetricRegistry::Family& MetricRegistry::family(const std::string& name, const std::string& help, int kind) {
    EM_ASSERT(is_metric_name(name), "a metric's name is of a-z, 0-9 and '_' and does not end in _total");
    std::unique_ptr<Family>& found = families_[name];
    if (!found) found = std::make_unique<Family>(Family{kind, help, {}});
    EM_ASSERT(found->kind == kind, "a metric has one kind");
    return *found;
}

Counter& MetricRegistry::counter(const std::string& name, const std::string& help, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    Series& series = family(name, help, counter_kind).of(labels);
    if (!series.counter) series.counter = std::make_unique<Counter>();
    return *series.counter;
}

Gauge& MetricRegistry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    Series& series = family(name, help, gauge_kind).of(labels);
    EM_ASSERT(!series.read, "a gauge is set or read, not both");
    if (!series.gauge) series.gauge = std::make_unique<Gauge>();
    return *series.gauge;
}

Histogram& MetricRegistry::histogram(const std::string& name, const std::string& help, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    Series& series = family(name, help, histogram_kind).of(labels);
    if (!series.histogram) series.histogram = std::make_unique<Histogram>();
    return *series.histogram;
}

void MetricRegistry::gauge_from(const std::string& name, const std::string& help, const Labels& labels,
                                std::function<std::int64_t()> read) {
    const std::lock_guard lock(mutex_);
    Series& series = family(name, help, gauge_kind).of(labels);
    EM_ASSERT(!series.gauge, "a gauge is set or read, not both");
    series.read = std::move(read);
}

std::string MetricRegistry::text() const {
    constexpr std::string_view units[] = {"seconds", "bytes"};
    std::string out;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, one] : families_) {
        out += fmt::format("# TYPE {} {}\n", name, kind_names[one->kind]);
        for (const std::string_view unit : units) {
            if (name.ends_with("_" + std::string(unit))) out += fmt::format("# UNIT {} {}\n", name, unit);
        }
        out += fmt::format("# HELP {} {}\n", name, escaped(one->help));
        for (const auto& [labels, series] : one->series) write_series(out, name, series);
    }
    return out + "# EOF\n";
}

}  // namespace euromesh::federation
