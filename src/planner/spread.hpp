// What is known about an uncertain number: a central value and how far it may be off.
//
// low and high are bounds, central is the most likely value (the shape triangular), or all values between
// the bounds are as likely (uniform; its central value is what a plan without doubt uses). low == high makes
// it certain. Plain values; sampling is in sampler.hpp. Formulas of the triangular distribution: Johnson,
// Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), 26.9. Units are those of the value.
#pragma once

#include <string>

#include "base/result.hpp"

namespace euromesh::planner {

struct Spread {
    double low = 0;
    double central = 0;
    double high = 0;
    enum class Shape { triangular, uniform } shape = Shape::triangular;

    static Spread certain(double value) { return {value, value, value, Shape::triangular}; }
    bool is_certain() const { return low == high; }
};

// bad_input unless the values are finite and low <= central <= high; `name` is what the message is about.
Status check(const Spread& spread, const std::string& name);

// The value below which a share u of the distribution lies; 0 <= u <= 1.
double quantile(const Spread& spread, double u);
double mean_of(const Spread& spread);
double variance_of(const Spread& spread);

// One dimension of the doubt. Of its variance (as a normal score) `europe` is common to all inputs, and
// `group_share` to those of the same group: a moratorium delays all sites of a country at once, better
// software helps all accelerators.
struct UncertainInput {
    std::string id;     // the figure that it varies: "mfu.a100-sxm-64c"
    std::string label;  // for people
    std::string unit;
    Spread spread;
    double europe = 0;       // 0 to 1
    double group_share = 0;  // 0 to 1; europe + group_share <= 1
    std::string group;       // "country DE", "software"; needed when group_share > 0
};

}  // namespace euromesh::planner
