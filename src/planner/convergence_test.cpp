#include "planner/convergence.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

double percent(double log_ratio) {
    return 100 * std::expm1(log_ratio);
}

struct Measured {
    double parameters, sites, percent_above_data_parallel;
};

}  // namespace

TEST_CASE("the measured losses of arXiv 2503.09799, table 4, H = 30, within 0.4 of a percent") {
    const Measured rows[] = {{35e6, 2, 0.7},  {35e6, 4, 2.0},   {35e6, 8, 3.9},   {90e6, 4, 1.5},
                             {90e6, 8, 3.1},  {180e6, 4, 1.1},  {180e6, 8, 2.3},  {335e6, 4, 0.9},
                             {335e6, 8, 2.0}, {550e6, 4, 0.7},  {550e6, 8, 1.7},  {1.3e9, 4, 0.5},
                             {1.3e9, 8, 1.3}, {2.4e9, 2, -0.1}, {2.4e9, 4, 0.26}, {2.4e9, 8, 1.1}};
    for (const Measured& row : rows) {
        CAPTURE(row.parameters);
        CAPTURE(row.sites);
        const double ours = percent(central_log_loss_ratio(row.parameters, row.sites, 30));
        CHECK(std::abs(ours - std::max(0.0, row.percent_above_data_parallel)) < 0.4);
    }
}

TEST_CASE("the largest measured model, 10B: table 5") {
    CHECK(percent(central_log_loss_ratio(10e9, 2, 30)) == doctest::Approx(0).epsilon(1e-6));
    CHECK(percent(central_log_loss_ratio(10e9, 4, 30)) == doctest::Approx(0.29).epsilon(0.01));
    CHECK(optimistic_log_loss_ratio(10e9, 4, 30) == 0);  // what the fit alone would say
}

TEST_CASE(
    "our own run: 1.03 M parameters, three sites, H = 30: 2.57 % measured, far below the sizes of the fits") {
    CHECK(percent(central_log_loss_ratio(1.03e6, 3, 30)) == doctest::Approx(2.57).epsilon(0.1));
}

TEST_CASE("H: 150M, 8 replicas, 20 times fewer exchanges cost 2.9 % perplexity (arXiv 2311.08105)") {
    const double more = central_log_loss_ratio(150e6, 8, 1000) - central_log_loss_ratio(150e6, 8, 50);
    CHECK(std::exp(more * 2.71) == doctest::Approx(1.029).epsilon(0.002));
}

TEST_CASE("worked numbers of the page") {
    CHECK(convergence_penalty(405e9, 4, 100, 1) == doctest::Approx(1.094).epsilon(0.001));
    CHECK(convergence_penalty(405e9, 10, 100, 1) == doctest::Approx(1.231).epsilon(0.001));
    CHECK(convergence_penalty(405e9, 50, 100, 1) == doctest::Approx(1.515).epsilon(0.001));
    CHECK(convergence_penalty(405e9, 50, 100, 0) == 1);
    CHECK(convergence_penalty(405e9, 10, 100, 2) == doctest::Approx(1.516).epsilon(0.001));
}

TEST_CASE("the published EuroMesh formula") {
    CHECK(published_penalty({1.10, 0.03, 0.04, 1.6}, 50, 500) == doctest::Approx(1.3258).epsilon(1e-4));
    CHECK(published_penalty({}, 1e6, 1e6) == 1.6);
    CHECK(published_penalty({}, 1, 1) == 1);
}

TEST_CASE("one site pays nothing") {
    for (const double scale : {0.0, 1.0, 2.0}) CHECK(convergence_penalty(1e9, 1, 1000, scale) == 1);
}

TEST_CASE("the penalty never falls with sites, H or scale, never rises with N") {
    Random random(7);
    for (int i = 0; i < 5000; ++i) {
        const double parameters = std::exp(std::log(1e6) + random.uniform() * std::log(1e6));
        const double sites = 1 + 80 * random.uniform(), steps = 1 + 1000 * random.uniform();
        const double scale = 2.4 * random.uniform() - 0.2;
        const double once = convergence_penalty(parameters, sites, steps, scale);
        CHECK(once >= 1);
        CHECK(std::isfinite(once));
        const double nearly = once * (1 - 1e-12);
        CHECK(convergence_penalty(parameters, sites * 1.2, steps, scale) >= nearly);
        CHECK(convergence_penalty(parameters, sites, steps * 1.5, scale) >= nearly);
        CHECK(convergence_penalty(parameters, sites, steps, scale + 0.1) >= nearly);
        CHECK(convergence_penalty(parameters * 1.5, sites, steps, scale) <= once * (1 + 1e-12));
    }
}
