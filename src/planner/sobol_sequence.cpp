#include "planner/sobol_sequence.hpp"

#include <algorithm>
#include <bit>
#include <boost/random/sobol.hpp>

#include "base/assert.hpp"
#include "base/random.hpp"

namespace euromesh::planner {
namespace {

using Engine = boost::random::sobol_engine<std::uint32_t, 32>;

// The engine leaves out the point 0 and goes in Gray-code order: seeded like this, its next point has only
// the one direction number in it.
std::uint32_t seed_of_bit(std::size_t bit) {
    return static_cast<std::uint32_t>((1ull << (bit + 1)) - 2);
}

std::uint64_t gray_code(std::uint64_t index) {
    return index ^ (index >> 1);
}

// The middle of the 2^-32 that an integer stands for. Through a signed number, which processors convert
// faster.
double to_unit(std::uint32_t bits) {
    return static_cast<double>(static_cast<std::int32_t>(bits ^ 0x80000000u)) * 0x1.0p-32 + (0.5 + 0x1.0p-33);
}

}  // namespace

SobolSequence::SobolSequence(std::size_t dimensions, std::optional<std::uint64_t> seed)
    : dimensions_(dimensions), directions_(bits * dimensions), shift_(dimensions, 0) {
    EM_ASSERT(dimensions > 0 && dimensions <= max_dimensions,
              "direction numbers exist for 1 to 3,667 dimensions");
    Engine engine(dimensions);
    for (std::size_t bit = 0; bit < bits; ++bit) {
        engine.seed(seed_of_bit(bit));
        std::generate_n(directions_.begin() + static_cast<std::ptrdiff_t>(bit * dimensions), dimensions,
                        std::ref(engine));
    }
    if (!seed) return;
    for (std::size_t i = 0; i < dimensions; ++i) scramble(i, derive_seed(*seed, i));
}

// A random lower triangular matrix over the two-element field, ones on its diagonal: each digit of a point is
// changed by a random set of its more significant digits, as Owen's scrambling does.
void SobolSequence::scramble(std::size_t dimension, std::uint64_t seed) {
    Random random(seed);
    std::array<std::uint32_t, bits> column{};
    for (std::size_t bit = 0; bit < bits; ++bit) {
        const auto digit = static_cast<std::uint32_t>(1ull << bit);
        column[bit] = digit | (static_cast<std::uint32_t>(random.next() >> 32) & (digit - 1));
    }
    for (std::size_t bit = 0; bit < bits; ++bit) {
        std::uint32_t& direction = directions_[bit * dimensions_ + dimension];
        std::uint32_t product = 0;
        for (std::uint32_t left = direction; left != 0; left &= left - 1)
            product ^= column[static_cast<std::size_t>(std::countr_zero(left))];
        direction = product;
    }
    shift_[dimension] = static_cast<std::uint32_t>(random.next() >> 32);
}

std::vector<std::uint32_t> SobolSequence::state_at(std::uint64_t index) const {
    std::vector<std::uint32_t> state = shift_;
    for (std::uint64_t code = gray_code(index); code != 0; code &= code - 1) {
        const std::uint32_t* direction = row(static_cast<std::size_t>(std::countr_zero(code)));
        for (std::size_t i = 0; i < dimensions_; ++i) state[i] ^= direction[i];
    }
    return state;
}

void SobolSequence::points(std::uint64_t first, std::span<double> rows) const {
    const std::size_t count = rows.size() / dimensions_;
    EM_ASSERT(rows.size() == count * dimensions_, "whole points only");
    EM_ASSERT(first + count <= max_points, "the sequence ends after 2^32 points");
    if (count == 0) return;
    std::vector<std::uint32_t> state = state_at(first);
    for (std::size_t k = 0;; ++k) {
        double* out = rows.data() + k * dimensions_;
        for (std::size_t i = 0; i < dimensions_; ++i) out[i] = to_unit(state[i]);
        if (k + 1 == count) return;
        const std::uint32_t* direction = row(static_cast<std::size_t>(std::countr_zero(first + k + 1)));
        for (std::size_t i = 0; i < dimensions_; ++i) state[i] ^= direction[i];
    }
}

}  // namespace euromesh::planner
