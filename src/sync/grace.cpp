#include "sync/grace.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace euromesh::sync {
namespace {

constexpr std::size_t window_most = 4096;

// The upper one of two in the middle. values are not empty.
Nanoseconds median(std::vector<Nanoseconds> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

Status check(const GraceConfig& config) {
    if (!(config.mads >= 0 && config.mads <= 100)) {
        return fail(Code::bad_input, "grace: {} deviations from the median: use 0 to 100", config.mads);
    }
    if (config.least < Nanoseconds{0}) return fail(Code::bad_input, "grace: the least one is negative");
    if (config.samples < 1 || config.window < config.samples || config.window > window_most) {
        return fail(Code::bad_input, "grace: a window of {} for {} samples: use 1 to {}", config.window,
                    config.samples, window_most);
    }
    return {};
}

void GraceMeter::record(Nanoseconds slack) {
    slacks_.push_back(std::max(slack, Nanoseconds{0}));
    if (slacks_.size() > config_.window) slacks_.pop_front();
}

std::optional<Nanoseconds> GraceMeter::grace() const {
    if (slacks_.size() < config_.samples) return std::nullopt;
    std::vector<Nanoseconds> values(slacks_.begin(), slacks_.end());
    const Nanoseconds middle = median(values);
    for (Nanoseconds& value : values) value = std::chrono::abs(value - middle);
    const auto spread = static_cast<double>(median(values).count());
    const Nanoseconds wide(static_cast<Nanoseconds::rep>(std::llround(config_.mads * spread)));
    return std::max(config_.least, middle + wide);
}

}  // namespace euromesh::sync
