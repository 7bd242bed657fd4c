#include "planner/normal.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace euromesh::planner {
namespace {

using Coefficients = std::array<double, 8>;  // constant term first

// AS 241, PPND16: numerators and denominators for the middle, the near tail and the far tail.
constexpr Coefficients middle_over = {
    3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
    4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr Coefficients middle_under = {1.0,
                                       4.2313330701600911252e+1,
                                       6.8718700749205790830e+2,
                                       5.3941960214247511077e+3,
                                       2.1213794301586595867e+4,
                                       3.9307895800092710610e+4,
                                       2.8729085735721942674e+4,
                                       5.2264952788528545610e+3};
constexpr Coefficients near_over = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                    5.76949722146069140550e0,  3.64784832476320460504e0,
                                    1.27045825245236838258e0,  2.41780725177450611770e-1,
                                    2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr Coefficients near_under = {1.0,
                                     2.05319162663775882187e0,
                                     1.67638483018380384940e0,
                                     6.89767334985100004550e-1,
                                     1.48103976427480074590e-1,
                                     1.51986665636164571966e-2,
                                     5.47593808499534494600e-4,
                                     1.05075007164441684324e-9};
constexpr Coefficients far_over = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                   1.78482653991729133580e0,  2.96560571828504891230e-1,
                                   2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                   2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr Coefficients far_under = {1.0,
                                    5.99832206555887937690e-1,
                                    1.36929880922735805310e-1,
                                    1.48753612908506148525e-2,
                                    7.86869131145613259100e-4,
                                    1.84631831751005468180e-5,
                                    1.42151175831644588870e-7,
                                    2.04426310338993978564e-15};

double polynomial(const Coefficients& coefficients, double x) {
    double sum = 0;
    for (std::size_t i = coefficients.size(); i-- > 0;) sum = sum * x + coefficients[i];
    return sum;
}

double ratio(const Coefficients& over, const Coefficients& under, double x) {
    return polynomial(over, x) / polynomial(under, x);
}

double tail_quantile(double p) {
    const double r = std::sqrt(-std::log(p));
    return r <= 5 ? ratio(near_over, near_under, r - 1.6) : ratio(far_over, far_under, r - 5);
}

constexpr double cdf_end = 8;
constexpr double cdf_steps_per_unit = 256;
constexpr std::size_t cdf_steps = 4096;

constexpr int quantile_bits = 7;
constexpr int mantissa_bits = 52;
// Sobol points have 2^-33 as their smallest distance from 0 and 1.
constexpr double quantile_end = 0x1.0p-33;

// Consecutive numbers for consecutive pieces of (0, 1/2], 128 in each power of two: a double's leading bits.
std::size_t piece_of(double p) {
    return std::bit_cast<std::uint64_t>(p) >> (mantissa_bits - quantile_bits);
}

double start_of(std::size_t piece) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(piece) << (mantissa_bits - quantile_bits));
}

}  // namespace

double normal_cdf(double z) {
    return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_quantile(double p) {
    if (p <= 0) return -std::numeric_limits<double>::infinity();
    if (p >= 1) return std::numeric_limits<double>::infinity();
    const double q = p - 0.5;
    if (std::abs(q) <= 0.425) return q * ratio(middle_over, middle_under, 0.180625 - q * q);
    return q < 0 ? -tail_quantile(p) : tail_quantile(1 - p);
}

const NormalTable& NormalTable::shared() {
    static const NormalTable table;
    return table;
}

NormalTable::NormalTable() {
    for (std::size_t i = 0; i <= cdf_steps; ++i) {
        const double z = static_cast<double>(i) / cdf_steps_per_unit - cdf_end;
        const double value = normal_cdf(z);
        cdf_.push_back({value, normal_cdf(z + 1 / cdf_steps_per_unit) - value});
    }
    for (std::size_t piece = piece_of(quantile_end); piece <= piece_of(0.5); ++piece) {
        const double start = start_of(piece);
        const double end = start_of(piece + 1);
        const double slope = (normal_quantile(end) - normal_quantile(start)) / (end - start);
        quantile_.push_back({normal_quantile(start) - slope * start, slope});
    }
}

double NormalTable::cdf(double z) const {
    const double at = (std::clamp(z, -cdf_end, cdf_end) + cdf_end) * cdf_steps_per_unit;
    const auto step = static_cast<std::size_t>(at);
    const Line& line = cdf_[step];
    return line.value + (at - static_cast<double>(step)) * line.slope;
}

double NormalTable::quantile(double p) const {
    const double q = std::max(quantile_end, std::min(p, 1 - p));
    const Line& line = quantile_[piece_of(q) - piece_of(quantile_end)];
    return std::copysign(line.value + q * line.slope, p - 0.5);
}

}  // namespace euromesh::planner
