#include "planner/monte_carlo.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/assert.hpp"
#include "planner/parallel_blocks.hpp"

namespace euromesh::planner {
namespace {

// Rows of inputs and uniform numbers for so many scenarios stay in the nearest caches.
constexpr std::uint64_t scenarios_per_block = 32;

double share(std::uint64_t part, std::uint64_t all) {
    return static_cast<double>(part) / static_cast<double>(all);
}

std::size_t rank_of(double probability, std::size_t count) {
    // 0.07 x 100 is a little above 7 in floating point.
    const double below = probability * static_cast<double>(count) * (1 - 1e-12);
    const auto rank = static_cast<std::size_t>(std::ceil(below));
    return std::clamp<std::size_t>(rank, 1, count) - 1;
}

}  // namespace

Outcomes::Outcomes(std::size_t outcomes, std::uint64_t scenarios)
    : outcomes_(outcomes), scenarios_(scenarios), values_(outcomes * scenarios) {
    EM_ASSERT(outcomes > 0 && scenarios > 0, "there is at least one outcome of one scenario");
}

std::span<const double> Outcomes::of(std::size_t outcome) const {
    EM_ASSERT(outcome < outcomes_, "no such outcome");
    return {values_.data() + outcome * scenarios_, scenarios_};
}

std::span<double> Outcomes::of(std::size_t outcome) {
    EM_ASSERT(outcome < outcomes_, "no such outcome");
    return {values_.data() + outcome * scenarios_, scenarios_};
}

std::vector<double> Outcomes::quantiles(std::size_t outcome, std::span<const double> probabilities) const {
    const auto values = of(outcome);
    std::vector<double> sorted(values.begin(), values.end());
    std::vector<double> result;
    for (const double probability : probabilities) {
        EM_ASSERT(probability >= 0 && probability <= 1, "a probability lies between 0 and 1");
        const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank_of(probability, sorted.size()));
        std::nth_element(sorted.begin(), at, sorted.end());
        result.push_back(*at);
    }
    return result;
}

Band Outcomes::band(std::size_t outcome) const {
    const std::vector<double> q = quantiles(outcome, std::array{0.05, 0.1, 0.5, 0.9, 0.95});
    return {.p05 = q[0], .p10 = q[1], .p50 = q[2], .p90 = q[3], .p95 = q[4]};
}

double Outcomes::mean(std::size_t outcome) const {
    const auto values = of(outcome);
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(scenarios_);
}

double Outcomes::mean_of_finite(std::size_t outcome) const {
    double sum = 0;
    std::uint64_t count = 0;
    for (const double value : of(outcome)) {
        if (!std::isfinite(value)) continue;
        sum += value;
        ++count;
    }
    return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

double Outcomes::finite_share(std::size_t outcome) const {
    return probability_at_most(outcome, std::numeric_limits<double>::max());
}

double Outcomes::probability_at_most(std::size_t outcome, double value) const {
    const auto values = of(outcome);
    const auto count = std::count_if(values.begin(), values.end(), [=](double x) { return x <= value; });
    return share(static_cast<std::uint64_t>(count), scenarios_);
}

Odds Outcomes::odds(std::size_t first, std::size_t second) const {
    const auto a = of(first);
    const auto b = of(second);
    std::uint64_t smaller = 0;
    std::uint64_t larger = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        smaller += a[i] < b[i];
        larger += a[i] > b[i];
    }
    return {.first = share(smaller, scenarios_),
            .tie = share(scenarios_ - smaller - larger, scenarios_),
            .second = share(larger, scenarios_)};
}

Histogram Outcomes::histogram(std::size_t outcome, double low, double high, std::size_t bins) const {
    EM_ASSERT(low < high && bins > 0, "a histogram has a range and bins");
    Histogram result{.low = low,
                     .width = (high - low) / static_cast<double>(bins),
                     .counts = std::vector<std::uint64_t>(bins)};
    for (const double value : of(outcome)) {
        if (value < low) {
            ++result.below;
        } else if (value <= high) {
            ++result.counts[std::min(bins - 1, static_cast<std::size_t>((value - low) / result.width))];
        } else {
            ++(std::isinf(value) ? result.never : result.above);
        }
    }
    return result;
}

Outcomes run_monte_carlo(const Sampler& sampler, const Model& model, std::size_t outcomes_per_scenario,
                         std::uint64_t scenarios, unsigned threads) {
    Outcomes result(outcomes_per_scenario, scenarios);
    std::vector<std::span<double>> columns;
    for (std::size_t k = 0; k < outcomes_per_scenario; ++k) columns.push_back(result.of(k));
    for_blocks(scenarios, scenarios_per_block, threads, [&](std::uint64_t first, std::uint64_t end) {
        std::vector<double> rows((end - first) * sampler.inputs());
        std::vector<double> outcome(outcomes_per_scenario);
        sampler.draw(first, rows);
        for (std::uint64_t i = first; i < end; ++i) {
            model(std::span(rows).subspan((i - first) * sampler.inputs(), sampler.inputs()), outcome);
            for (std::size_t k = 0; k < columns.size(); ++k) {
                EM_ASSERT(!std::isnan(outcome[k]), "an outcome is a number or +inf");
                columns[k][i] = outcome[k];
            }
        }
    });
    return result;
}

}  // namespace euromesh::planner
