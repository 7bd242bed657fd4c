// Scenarios: values for all uncertain inputs of a plan, with the doubts that they share.
//
// Factors are independent uniform numbers: one for Europe, one for each group, one for each input, as far
// as they are needed. Inputs with a share in common factors follow a Gaussian copula:
//     z = sqrt(europe) Z_europe + sqrt(group_share) Z_group + sqrt(1 - europe - group_share) e
//     x = quantile(spread, Phi(z)),   Z and e standard normal,
// so that the normal scores of two inputs a and b correlate by sqrt(europe_a europe_b), plus
// sqrt(group_share_a group_share_b) in the same group. Other inputs are quantile(spread, u). Certain
// inputs use no factor. Factor k takes dimension k of a scrambled Sobol sequence.
//
// Constant after it was made: any number of threads may read it. The same inputs, seed and index give the
// same values. Values are within 2e-6 of a spread's width of the formula (normal.hpp: NormalTable). What it
// does not do: negative correlations. Common factors push all their inputs up together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "planner/normal.hpp"
#include "planner/sobol_sequence.hpp"
#include "planner/spread.hpp"

namespace euromesh::planner {

struct Factor {
    std::string id = {};     // "europe", "country DE", a group, or the id of the input that it alone moves
    std::string label = {};  // for people
};

class Sampler {
  public:
    // bad_input: a spread that is out of order, a share outside 0..1, a common factor without a group, an
    // id that is given twice, more factors than Sobol dimensions.
    static Result<Sampler> make(std::vector<UncertainInput> inputs, std::uint64_t seed);

    std::size_t inputs() const { return inputs_.size(); }
    const std::vector<UncertainInput>& input_list() const { return inputs_; }
    std::size_t factors() const { return factors_.size(); }
    const std::vector<Factor>& factor_list() const { return factors_; }

    // One scenario: `uniforms` in (0, 1), one a factor; `values` one an input, in the order of make().
    void map(std::span<const double> uniforms, std::span<double> values) const;
    // As many consecutive scenarios as `rows` holds (inputs() values each), from number `first` on. A few
    // dozen at once cost least.
    void draw(std::uint64_t first, std::span<double> rows) const;

    std::vector<double> central() const;

  private:
    // A quantile function as two pieces, chosen by an index, since a branch on random numbers is mispredicted
    // every other time: piece[u >= split] gives bound + sign sqrt(scale |u - origin|) + slope u.
    struct Piece {
        double bound = 0;
        double sign = 0;
        double scale = 0;
        double origin = 0;
    };
    struct Quantile {
        double split = 0;
        double slope = 0;
        std::array<Piece, 2> piece = {};
    };
    struct Correlated {
        std::size_t input = 0;
        std::size_t group = 0;  // factor; any when its weight is 0
        double europe_weight = 0;
        double group_weight = 0;
        double own_weight = 0;
    };

    explicit Sampler(std::vector<UncertainInput> inputs);
    void add_common_factors();
    void add_own_factors();
    static Quantile quantile_of(const Spread& spread);
    std::size_t group_factor(const std::string& group) const;
    void map_row(const double* uniforms, double* values, std::vector<double>& scores) const;

    std::vector<UncertainInput> inputs_;
    std::vector<Factor> factors_;  // common ones first: the first dimensions are the most even
    std::size_t common_factors_ = 0;
    std::vector<std::size_t> own_factor_;  // by input; 0 for one that has none
    std::vector<Correlated> correlated_;
    std::vector<Quantile> quantiles_;        // by input
    std::optional<SobolSequence> sequence_;  // none when nothing is uncertain
};

}  // namespace euromesh::planner
