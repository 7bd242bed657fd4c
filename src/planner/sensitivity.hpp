// Which doubts matter: Sobol indices of groups of factors, and a tornado of single inputs.
//
// The first-order index of a group is the share of the outcome's variance that would go if the group were
// known (V[E[y | group]] / V[y]); its total index the share that would stay if all else were known. Indices
// need independent factors, so they are taken over the sampler's factors ("europe", "country DE", an input's
// own part), not over correlated inputs. Estimators: first-order Saltelli et al., Comput. Phys. Commun. 181
// (2010), table 2 (b), with centred outcomes; total Jansen (1999), same table (f). Matrices A and B are the
// halves of one scrambled Sobol sequence of twice the dimensions.
//
// The result does not depend on the number of threads. Pure apart from calling the outcome function, from
// several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "planner/sampler.hpp"

namespace euromesh::planner {

// One number of a scenario (a date, a cost), from the values of the sampler's inputs. Not NaN.
using OutcomeFunction = std::function<double(std::span<const double> values)>;

struct FactorGroup {
    std::string id = {};
    std::string label = {};
    std::vector<std::size_t> factors = {};  // indices into Sampler::factor_list()
};

// Every factor on its own.
std::vector<FactorGroup> single_factors(const Sampler& sampler);

struct Interval {
    double low = 0;
    double high = 0;
};

struct SobolIndex {
    FactorGroup group = {};
    double first = 0;
    double total = 0;
    Interval first_interval = {};  // 90 %
    Interval total_interval = {};
};

struct SobolOptions {
    std::uint64_t base_samples = 4096;  // a power of two; the outcome is computed (2 + groups) times as often
    unsigned bootstrap = 500;           // resamples for the intervals
    std::uint64_t seed = 1;
    unsigned threads = 0;  // 0: all cores
    // Larger outcomes (and +inf, "never") count as this; variance has no other way to deal with them. Give
    // the horizon of the plan.
    double cap = std::numeric_limits<double>::infinity();
};

struct SobolIndices {
    std::vector<SobolIndex> indices = {};  // in the order of the groups
    double mean = 0;
    double variance = 0;  // 0: nothing is uncertain, and all indices are 0
    double capped_share = 0;
};

SobolIndices sobol_indices(const Sampler& sampler, const OutcomeFunction& outcome,
                           const std::vector<FactorGroup>& groups, const SobolOptions& options);

// One input moved from its 10 % to its 90 % quantile, all others central. Quantiles rather than bounds: a
// bound is as good as never reached, and how far it lies out is the weakest part of a judgement.
struct TornadoBar {
    std::size_t input = 0;  // index into Sampler::input_list()
    double input_low = 0;   // 10 % quantile
    double input_high = 0;  // 90 % quantile
    double at_low = 0;      // outcome there
    double at_high = 0;     // may be +inf
    double swing = 0;       // |at_high - at_low|; +inf when one of them is, 0 when both are
};

struct Tornado {
    double central = 0;
    std::vector<TornadoBar> bars =
        {};  // longest first, then in the order of the inputs; certain inputs have none
};

Tornado tornado(const Sampler& sampler, const OutcomeFunction& outcome);

}  // namespace euromesh::planner
