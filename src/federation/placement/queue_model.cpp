#include "federation/placement/queue_model.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t most_window = 4096;

std::int64_t pinball(std::int64_t outcome, std::int64_t predicted, int permille) {
    if (outcome >= predicted) return (outcome - predicted) * permille / 1000;
    return (predicted - outcome) * (1000 - permille) / 1000;
}

}  // namespace

int size_class_of(std::int64_t gpus) {
    EM_ASSERT(gpus >= 1, "a claim has at least one GPU");
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(gpus - 1)));
}

std::int64_t quantile(std::vector<std::int64_t> values, int permille) {
    EM_ASSERT(!values.empty() && permille >= 1 && permille <= 1000, "a quantile of something, above zero");
    const std::size_t rank = (values.size() * static_cast<std::size_t>(permille) + 999) / 1000;
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(values.begin(), nth, values.end());
    return *nth;
}

QueueModel::QueueModel(std::size_t window, std::size_t least) : window_(window), least_(least) {
    EM_ASSERT(least >= 1 && least <= window && window <= most_window, "1 <= least <= window <= 4096");
}

void QueueModel::record(WaitSample sample) {
    std::deque<std::int64_t>& waits = waits_[size_class_of(std::max<std::int64_t>(1, sample.gpus))];
    waits.push_back(std::max<std::int64_t>(0, sample.wait_ms));
    if (waits.size() > window_) waits.pop_front();
}

std::optional<StartBand> QueueModel::predict(std::int64_t gpus) const {
    const std::deque<std::int64_t>* found = nullptr;
    const int wanted = size_class_of(gpus);
    for (const auto& [size_class, waits] : waits_) {
        if (waits.size() < least_) continue;
        found = &waits;
        if (size_class >= wanted) break;
    }
    if (found == nullptr) return std::nullopt;
    const std::vector<std::int64_t> values(found->begin(), found->end());
    return StartBand{quantile(values, 500), quantile(values, 900)};
}

BandCoverage coverage_of(const std::vector<BandOutcome>& outcomes) {
    BandCoverage coverage;
    const auto count = static_cast<std::int64_t>(outcomes.size());
    if (count == 0) return coverage;
    std::int64_t below_median = 0;
    std::int64_t below_p90 = 0;
    for (const BandOutcome& outcome : outcomes) {
        below_median += outcome.wait_ms <= outcome.predicted.median_ms ? 1 : 0;
        below_p90 += outcome.wait_ms <= outcome.predicted.p90_ms ? 1 : 0;
        coverage.median_loss_ms += pinball(outcome.wait_ms, outcome.predicted.median_ms, 500);
        coverage.p90_loss_ms += pinball(outcome.wait_ms, outcome.predicted.p90_ms, 900);
    }
    coverage.outcomes = count;
    coverage.below_median_permille = below_median * 1000 / count;
    coverage.below_p90_permille = below_p90 * 1000 / count;
    coverage.median_loss_ms /= count;
    coverage.p90_loss_ms /= count;
    return coverage;
}

}  // namespace euromesh::federation
