// Points that fill the unit cube more evenly than random ones: Sobol's sequence, scrambled.
//
// Why: the error of a mean over n such points falls nearly as 1/n where random points give 1/sqrt(n), so that
// a plan needs far fewer scenarios. Direction numbers: Joe and Kuo, SIAM J. Sci. Comput. 30 (2008), as
// Boost.Random carries them. Scrambling: Matousek's random linear scramble with a digital shift (J.
// Complexity 14, 1998), by a seed. It keeps the net property and has the variance of Owen's nested uniform
// scrambling (Owen, ACM TOMACS 13, 2003), and is done once on the direction numbers instead of once a point.
//
// Constant after it was made: any number of threads may read it. The same dimensions, seed and index give the
// same bits everywhere. Coordinates are k + 1/2 in units of 2^-32, so never 0 or 1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace euromesh::planner {

class SobolSequence {
  public:
    static constexpr std::size_t max_dimensions = 3667;      // of the direction numbers
    static constexpr std::uint64_t max_points = 1ull << 32;  // then it would repeat itself

    // Without a seed the points are not scrambled (their first one is the corner near 0).
    // 1 <= dimensions <= max_dimensions.
    SobolSequence(std::size_t dimensions, std::optional<std::uint64_t> seed);

    std::size_t dimensions() const { return dimensions_; }

    // Writes as many consecutive points as `rows` holds, one after the other, from `first` on.
    void points(std::uint64_t first, std::span<double> rows) const;
    void point(std::uint64_t index, std::span<double> out) const { points(index, out); }

  private:
    static constexpr std::size_t bits = 32;
    const std::uint32_t* row(std::size_t bit) const { return directions_.data() + bit * dimensions_; }
    std::vector<std::uint32_t> state_at(std::uint64_t index) const;
    void scramble(std::size_t dimension, std::uint64_t seed);

    std::size_t dimensions_ = 0;
    std::vector<std::uint32_t> directions_;  // [bit][dimension]: a point is one long exclusive or
    std::vector<std::uint32_t> shift_;       // [dimension]
};

}  // namespace euromesh::planner
