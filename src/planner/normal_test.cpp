#include "planner/normal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace euromesh::planner;

TEST_CASE("the distribution function at values from printed tables") {
    // Abramowitz and Stegun, Handbook of Mathematical Functions (1964), table 26.1.
    CHECK(normal_cdf(0) == 0.5);
    CHECK(normal_cdf(1) == doctest::Approx(0.841344746068543).epsilon(1e-14));
    CHECK(normal_cdf(2) == doctest::Approx(0.977249868051821).epsilon(1e-14));
    CHECK(normal_cdf(-3) == doctest::Approx(0.00134989803163009).epsilon(1e-13));
}

TEST_CASE("quantiles at values from printed tables") {
    // The same, tables 26.5 and 26.6; the last ones are the test values of Algorithm AS 241.
    CHECK(normal_quantile(0.5) == 0);
    CHECK(normal_quantile(0.975) == doctest::Approx(1.959963984540054).epsilon(1e-14));
    CHECK(normal_quantile(0.25) == doctest::Approx(-0.6744897501960817).epsilon(1e-14));
    CHECK(normal_quantile(0.001) == doctest::Approx(-3.090232306167814).epsilon(1e-14));
    CHECK(normal_quantile(1e-20) == doctest::Approx(-9.262340089798408).epsilon(1e-14));
}

TEST_CASE("quantile and distribution function undo each other, far into the tails") {
    for (double z = -30; z <= 5; z += 0.01)
        CHECK(normal_quantile(normal_cdf(z)) == doctest::Approx(z).epsilon(1e-9));
    CHECK(std::isinf(normal_quantile(0)));
    CHECK(normal_quantile(0) < 0);
    CHECK(normal_quantile(1) > 0);
}

TEST_CASE("the table keeps the errors that it states") {
    const NormalTable& table = NormalTable::shared();
    double cdf_error = 0;
    double relative_error = 0;
    for (double z = -8; z <= 8; z += 0.00037) {
        const double error = std::abs(table.cdf(z) - normal_cdf(z));
        cdf_error = std::max(cdf_error, error);
        relative_error = std::max(relative_error, error / normal_cdf(z));
    }
    CHECK(cdf_error < 1e-6);
    CHECK(relative_error < 2e-4);
    double quantile_error = 0;
    for (double p = 0x1.0p-33; p < 0.5; p *= 1.00013)
        for (const double q : {p, 1 - p})
            quantile_error = std::max(quantile_error, std::abs(table.quantile(q) - normal_quantile(q)));
    CHECK(quantile_error < 2e-5);
    CHECK(quantile_error > 1e-8);
}

TEST_CASE("the table at its ends and its middle") {
    const NormalTable& table = NormalTable::shared();
    CHECK(std::abs(table.quantile(0.5)) < 1e-15);
    CHECK(table.quantile(0) == doctest::Approx(normal_quantile(0x1.0p-33)));
    CHECK(table.quantile(1) == doctest::Approx(-normal_quantile(0x1.0p-33)));
    CHECK(table.cdf(-100) == doctest::Approx(normal_cdf(-8)));
    CHECK(table.cdf(100) == doctest::Approx(1));
}
