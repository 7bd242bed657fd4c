// Runs a model over many scenarios on all cores, and says how its outcomes are spread.
//
// Each thread takes blocks of consecutive scenarios and writes to their own places: the result has the same
// bits for any number of threads. An outcome may be +inf ("never"); NaN is a programmer error. Storage is 8
// bytes an outcome and scenario.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "planner/sampler.hpp"

namespace euromesh::planner {

// Called from several threads at once, so without state of its own; must not throw. `values` has one value an
// input of the sampler; every outcome must be written.
using Model = std::function<void(std::span<const double> values, std::span<double> outcome)>;

struct Band {
    double p05 = 0;
    double p10 = 0;
    double p50 = 0;
    double p90 = 0;
    double p95 = 0;
};

struct Histogram {
    double low = 0;
    double width = 0;                        // of a bin
    std::vector<std::uint64_t> counts = {};  // [low + i width, low + (i + 1) width); the last one is closed
    std::uint64_t below = 0;
    std::uint64_t above = 0;  // finite
    std::uint64_t never = 0;  // +inf
};

// Shares of scenarios in which the first of two outcomes is the smaller, neither (both never included), or
// the second.
struct Odds {
    double first = 0;
    double tie = 0;
    double second = 0;
};

class Outcomes {
  public:
    Outcomes(std::size_t outcomes, std::uint64_t scenarios);

    std::size_t outcomes() const { return outcomes_; }
    std::uint64_t scenarios() const { return scenarios_; }
    std::span<const double> of(std::size_t outcome) const;
    std::span<double> of(std::size_t outcome);

    // The value that a share p of the scenarios does not exceed (the ceil(p n)-th smallest; no interpolation,
    // so that "never" stays never).
    std::vector<double> quantiles(std::size_t outcome, std::span<const double> probabilities) const;
    Band band(std::size_t outcome) const;

    double mean(std::size_t outcome) const;            // +inf if any is
    double mean_of_finite(std::size_t outcome) const;  // NaN if none is
    double finite_share(std::size_t outcome) const;
    double probability_at_most(std::size_t outcome, double value) const;
    Odds odds(std::size_t first, std::size_t second) const;
    Histogram histogram(std::size_t outcome, double low, double high, std::size_t bins) const;

  private:
    std::size_t outcomes_ = 0;
    std::uint64_t scenarios_ = 0;
    std::vector<double> values_;  // [outcome][scenario]
};

// threads = 0: all cores.
Outcomes run_monte_carlo(const Sampler& sampler, const Model& model, std::size_t outcomes_per_scenario,
                         std::uint64_t scenarios, unsigned threads);

}  // namespace euromesh::planner
