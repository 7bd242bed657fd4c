#include "planner/spread.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace euromesh;
using namespace euromesh::planner;

namespace {

// Mean and variance by the midpoint rule over the quantile function: knows nothing of the closed forms.
struct Moments {
    double mean = 0;
    double variance = 0;
};

Moments integrate(const Spread& spread) {
    constexpr int steps = 200000;
    double sum = 0;
    double square = 0;
    for (int i = 0; i < steps; ++i) {
        const double x = quantile(spread, (i + 0.5) / steps);
        sum += x;
        square += x * x;
    }
    const double mean = sum / steps;
    return {mean, square / steps - mean * mean};
}

const Spread skewed{1, 2, 5, Spread::Shape::triangular};
const Spread at_bound{1, 1, 5, Spread::Shape::triangular};
const Spread at_other_bound{-5, 3, 3, Spread::Shape::triangular};
const Spread flat{-1, 0, 3, Spread::Shape::uniform};

}  // namespace

TEST_CASE("quantiles start at low, end at high and rise between") {
    for (const Spread& spread : {skewed, at_bound, at_other_bound, flat}) {
        CHECK(quantile(spread, 0) == spread.low);
        CHECK(quantile(spread, 1) == spread.high);
        for (int i = 0; i < 1000; ++i)
            CHECK(quantile(spread, i / 1000.0) < quantile(spread, (i + 1) / 1000.0));
    }
}

TEST_CASE("known quantiles") {
    // Of 1 / 2 / 5 the central value has (2 - 1) / (5 - 1) below it, and the median is 5 - sqrt(6).
    CHECK(quantile(skewed, 0.25) == doctest::Approx(2));
    CHECK(quantile(skewed, 0.5) == doctest::Approx(5 - std::sqrt(6.0)));
    CHECK(quantile(flat, 0.25) == doctest::Approx(0));
}

TEST_CASE("mean and variance are those of the quantile function") {
    for (const Spread& spread : {skewed, at_bound, at_other_bound, flat}) {
        const Moments moments = integrate(spread);
        CHECK(mean_of(spread) == doctest::Approx(moments.mean).epsilon(1e-6));
        CHECK(variance_of(spread) == doctest::Approx(moments.variance).epsilon(1e-6));
    }
}

TEST_CASE("a certain value is itself at every u") {
    const Spread certain = Spread::certain(7);
    for (const double u : {0.0, 0.3, 1.0}) CHECK(quantile(certain, u) == 7);
    CHECK(mean_of(certain) == 7);
    CHECK(variance_of(certain) == 0);
    CHECK(certain.is_certain());
    CHECK_FALSE(skewed.is_certain());
}

TEST_CASE("a spread out of order, or without a number, is refused with its name") {
    CHECK(check(skewed, "mfu"));
    CHECK(check(Spread::certain(0), "mfu"));
    const auto wrong = check({2, 1, 3, Spread::Shape::triangular}, "mfu");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "mfu: low 2 / central 1 / high 3 are out of order");
    CHECK_FALSE(check({1, 4, 3, Spread::Shape::uniform}, "mfu"));
    CHECK_FALSE(check({1, 2, std::numeric_limits<double>::infinity()}, "mfu"));
    CHECK_FALSE(check({1, std::nan(""), 3}, "mfu"));
}
