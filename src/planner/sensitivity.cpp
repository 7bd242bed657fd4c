#include "planner/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/assert.hpp"
#include "base/random.hpp"
#include "planner/monte_carlo.hpp"
#include "planner/parallel_blocks.hpp"

namespace euromesh::planner {
namespace {

constexpr std::uint64_t rows_per_block = 32;
// What is resampled for the intervals are means of so many consecutive rows at most.
constexpr std::uint64_t rows_per_resample = 16;

// Outcomes at A, at B, and at A with each group's columns from B.
struct Evaluations {
    std::vector<double> a = {};
    std::vector<double> b = {};
    std::vector<std::vector<double>> mixed = {};
};

// Means over rows, from which both indices of a group follow.
struct Moments {
    double first = 0;   // f(B) (f(AB) - f(A))
    double total = 0;   // (f(AB) - f(A))^2 / 2
    double sum = 0;     // f(A) + f(B), over 2
    double square = 0;  // f(A)^2 + f(B)^2, over 2

    Moments& operator+=(const Moments& other) {
        first += other.first;
        total += other.total;
        sum += other.sum;
        square += other.square;
        return *this;
    }
};

struct Pair {
    double first = 0;
    double total = 0;
};

Pair indices_of(const Moments& moments, double rows) {
    const double mean = moments.sum / rows;
    const double variance = moments.square / rows - mean * mean;
    if (variance <= 0) return {};
    return {.first = moments.first / rows / variance, .total = moments.total / rows / variance};
}

Evaluations evaluate(const Sampler& sampler, const OutcomeFunction& outcome,
                     const std::vector<FactorGroup>& groups, const SobolOptions& options) {
    const std::size_t factors = sampler.factors();
    const std::uint64_t rows = options.base_samples;
    Evaluations result{.a = std::vector<double>(rows), .b = std::vector<double>(rows), .mixed = {}};
    result.mixed.assign(groups.size(), std::vector<double>(rows));
    const SobolSequence sequence(2 * factors, options.seed);
    for_blocks(rows, rows_per_block, options.threads, [&](std::uint64_t begin, std::uint64_t end) {
        std::vector<double> points((end - begin) * 2 * factors);
        std::vector<double> mixed(factors);
        std::vector<double> values(sampler.inputs());
        const auto at = [&](std::span<const double> uniforms) {
            sampler.map(uniforms, values);
            const double y = outcome(values);
            EM_ASSERT(!std::isnan(y), "an outcome is a number or +inf");
            return std::min(y, options.cap);
        };
        sequence.points(begin, points);
        for (std::uint64_t row = begin; row < end; ++row) {
            const auto a = std::span(points).subspan((row - begin) * 2 * factors, factors);
            const auto b = std::span(points).subspan((row - begin) * 2 * factors + factors, factors);
            result.a[row] = at(a);
            result.b[row] = at(b);
            for (std::size_t g = 0; g < groups.size(); ++g) {
                std::copy(a.begin(), a.end(), mixed.begin());
                for (const std::size_t factor : groups[g].factors) mixed[factor] = b[factor];
                result.mixed[g][row] = at(mixed);
            }
        }
    });
    return result;
}

// Indices do not change when a constant is taken off all outcomes, but the first-order estimator's error
// does: it is least when their mean is 0.
void centre(Evaluations& evaluations, double mean) {
    for (double& y : evaluations.a) y -= mean;
    for (double& y : evaluations.b) y -= mean;
    for (std::vector<double>& group : evaluations.mixed)
        for (double& y : group) y -= mean;
}

Moments moments_of_row(double a, double b, double mixed) {
    return {.first = b * (mixed - a),
            .total = (mixed - a) * (mixed - a) / 2,
            .sum = (a + b) / 2,
            .square = (a * a + b * b) / 2};
}

std::vector<Moments> moments_of_blocks(const Evaluations& evaluations, std::size_t group, std::size_t block) {
    std::vector<Moments> sums(evaluations.a.size() / block);
    for (std::size_t row = 0; row < evaluations.a.size(); ++row)
        sums[row / block] +=
            moments_of_row(evaluations.a[row], evaluations.b[row], evaluations.mixed[group][row]);
    return sums;
}

Interval middle_90_percent(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double p) {
        return values[static_cast<std::size_t>(std::lround(p * static_cast<double>(values.size() - 1)))];
    };
    return {.low = at(0.05), .high = at(0.95)};
}

// Both indices with their intervals, by drawing blocks again with replacement.
SobolIndex index_of(const FactorGroup& group, const std::vector<Moments>& blocks, double rows,
                    unsigned resamples, std::uint64_t seed) {
    const Pair estimate = indices_of(std::accumulate(blocks.begin(), blocks.end(), Moments{},
                                                     [](Moments a, const Moments& b) { return a += b; }),
                                     rows);
    Random random(seed);
    std::vector<double> firsts;
    std::vector<double> totals;
    for (unsigned i = 0; i < resamples; ++i) {
        Moments sum;
        for (std::size_t k = 0; k < blocks.size(); ++k) sum += blocks[random.below(blocks.size())];
        const Pair pair = indices_of(sum, rows);
        firsts.push_back(pair.first);
        totals.push_back(pair.total);
    }
    return {.group = group,
            .first = estimate.first,
            .total = estimate.total,
            .first_interval = middle_90_percent(std::move(firsts)),
            .total_interval = middle_90_percent(std::move(totals))};
}

double mean_of_all(const Evaluations& evaluations) {
    double sum = 0;
    for (const double y : evaluations.a) sum += y;
    for (const double y : evaluations.b) sum += y;
    return sum / static_cast<double>(2 * evaluations.a.size());
}

double variance_of_all(const Evaluations& centred) {
    double sum = 0;
    for (const double y : centred.a) sum += y * y;
    for (const double y : centred.b) sum += y * y;
    return sum / static_cast<double>(2 * centred.a.size());
}

double share_at(const Evaluations& evaluations, double cap) {
    const auto capped = [=](double y) { return y >= cap; };
    const auto count = std::count_if(evaluations.a.begin(), evaluations.a.end(), capped) +
                       std::count_if(evaluations.b.begin(), evaluations.b.end(), capped);
    return static_cast<double>(count) / static_cast<double>(2 * evaluations.a.size());
}

void check_groups(const Sampler& sampler, const std::vector<FactorGroup>& groups) {
    for (const FactorGroup& group : groups)
        for (const std::size_t factor : group.factors)
            EM_ASSERT(factor < sampler.factors(), "a group names factors of the sampler");
}

SobolIndices nothing_uncertain(const Sampler& sampler, const OutcomeFunction& outcome,
                               const std::vector<FactorGroup>& groups) {
    SobolIndices result{.mean = outcome(sampler.central())};
    for (const FactorGroup& group : groups) result.indices.push_back({.group = group});
    return result;
}

TornadoBar bar_of(const Sampler& sampler, std::size_t input, const OutcomeFunction& outcome) {
    const Spread& spread = sampler.input_list()[input].spread;
    TornadoBar bar{.input = input, .input_low = quantile(spread, 0.1), .input_high = quantile(spread, 0.9)};
    std::vector<double> values = sampler.central();
    values[input] = bar.input_low;
    bar.at_low = outcome(values);
    values[input] = bar.input_high;
    bar.at_high = outcome(values);
    bar.swing = bar.at_low == bar.at_high ? 0 : std::abs(bar.at_high - bar.at_low);
    return bar;
}

}  // namespace

std::vector<FactorGroup> single_factors(const Sampler& sampler) {
    std::vector<FactorGroup> groups;
    for (std::size_t i = 0; i < sampler.factors(); ++i) {
        const Factor& factor = sampler.factor_list()[i];
        groups.push_back({.id = factor.id, .label = factor.label, .factors = {i}});
    }
    return groups;
}

SobolIndices sobol_indices(const Sampler& sampler, const OutcomeFunction& outcome,
                           const std::vector<FactorGroup>& groups, const SobolOptions& options) {
    EM_ASSERT(options.base_samples >= rows_per_resample && options.base_samples % rows_per_resample == 0,
              "base samples come in whole blocks; best is a power of two");
    EM_ASSERT(options.bootstrap > 0, "an interval needs resamples");
    check_groups(sampler, groups);
    if (sampler.factors() == 0) return nothing_uncertain(sampler, outcome, groups);
    Evaluations evaluations = evaluate(sampler, outcome, groups, options);
    SobolIndices result{.mean = mean_of_all(evaluations), .capped_share = share_at(evaluations, options.cap)};
    EM_ASSERT(std::isfinite(result.mean), "give a cap: an outcome is infinite");
    centre(evaluations, result.mean);
    result.variance = variance_of_all(evaluations);
    for (std::size_t g = 0; g < groups.size(); ++g)
        result.indices.push_back(index_of(groups[g], moments_of_blocks(evaluations, g, rows_per_resample),
                                          static_cast<double>(options.base_samples), options.bootstrap,
                                          derive_seed(options.seed, g)));
    return result;
}

Tornado tornado(const Sampler& sampler, const OutcomeFunction& outcome) {
    Tornado result{.central = outcome(sampler.central())};
    for (std::size_t i = 0; i < sampler.inputs(); ++i)
        if (!sampler.input_list()[i].spread.is_certain()) result.bars.push_back(bar_of(sampler, i, outcome));
    std::stable_sort(result.bars.begin(), result.bars.end(),
                     [](const TornadoBar& a, const TornadoBar& b) { return a.swing > b.swing; });
    return result;
}

}  // namespace euromesh::planner
