#include "planner/sobol_sequence.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

std::vector<double> points_of(const SobolSequence& sequence, std::uint64_t first, std::uint64_t count) {
    std::vector<double> rows(count * sequence.dimensions());
    sequence.points(first, rows);
    return rows;
}

// Published parameters of a dimension (Joe and Kuo's file new-joe-kuo-6.21201): degree, coefficients of the
// polynomial between its ends, first m's.
struct Published {
    unsigned degree;
    unsigned coefficients;
    std::vector<std::uint64_t> m;
};

// Naive reference: the recurrence of Joe and Kuo's notes (2008), section 2, with 32-bit direction numbers.
double reference_point(const Published& published, std::uint64_t index) {
    std::vector<std::uint64_t> v;
    for (unsigned i = 0; i < 32; ++i) {
        if (i < published.degree) {
            v.push_back(published.m[i] << (31 - i));
            continue;
        }
        std::uint64_t next = v[i - published.degree] ^ (v[i - published.degree] >> published.degree);
        for (unsigned k = 1; k < published.degree; ++k)
            if ((published.coefficients >> (published.degree - 1 - k)) & 1) next ^= v[i - k];
        v.push_back(next);
    }
    std::uint64_t x = 0;
    const std::uint64_t gray = index ^ (index >> 1);
    for (unsigned i = 0; i < 32; ++i)
        if ((gray >> i) & 1) x ^= v[i];
    return (static_cast<double>(x) + 0.5) * 0x1.0p-32;
}

double mean_of_smooth(const std::vector<double>& rows, std::size_t dimensions) {
    double sum = 0;
    for (std::size_t row = 0; row < rows.size(); row += dimensions) {
        double product = 1;
        for (std::size_t i = 0; i < dimensions; ++i) product *= 1 + (rows[row + i] - 0.5) / 2;
        sum += product;
    }
    return sum / (static_cast<double>(rows.size()) / static_cast<double>(dimensions));
}

// Is each of the 2^m boxes of 2^a by 2^(m - a) intervals hit once?
bool is_net(const std::vector<double>& rows, std::size_t dimensions, std::size_t x, std::size_t y,
            unsigned m) {
    for (unsigned a = 0; a <= m; ++a) {
        std::set<std::pair<int, int>> boxes;
        for (std::size_t row = 0; row < rows.size(); row += dimensions)
            boxes.insert({static_cast<int>(rows[row + x] * (1 << a)),
                          static_cast<int>(rows[row + y] * (1 << (m - a)))});
        if (boxes.size() != (std::size_t{1} << m)) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("without a seed: the known first points") {
    const SobolSequence sequence(3, std::nullopt);
    const std::vector<double> known = {0,     0,     0,     0.5,   0.5,   0.5,   0.75,  0.25,
                                       0.25,  0.25,  0.75,  0.75,  0.375, 0.375, 0.625, 0.875,
                                       0.875, 0.125, 0.625, 0.125, 0.875, 0.125, 0.625, 0.375};
    const std::vector<double> rows = points_of(sequence, 0, 8);
    for (std::size_t i = 0; i < known.size(); ++i) CHECK(rows[i] == known[i] + 0x1.0p-33);
}

TEST_CASE("dimensions 2 to 8 follow the published direction numbers") {
    const std::vector<Published> published = {
        {1, 0, {1}},          {2, 1, {1, 3}},        {3, 1, {1, 3, 1}},       {3, 2, {1, 1, 1}},
        {4, 1, {1, 1, 3, 3}}, {4, 4, {1, 3, 5, 13}}, {5, 2, {1, 1, 5, 5, 17}}};
    const SobolSequence sequence(8, std::nullopt);
    std::vector<double> point(8);
    for (const std::uint64_t index : {1u, 2u, 77u, 1000u, 123456789u, 4294967295u}) {
        sequence.point(index, point);
        for (std::size_t i = 0; i < published.size(); ++i)
            CHECK(point[i + 1] == reference_point(published[i], index));
    }
}

TEST_CASE("a point is the same alone and among others") {
    const SobolSequence sequence(5, 3);
    const std::vector<double> rows = points_of(sequence, 1000, 50);
    std::vector<double> point(5);
    for (std::size_t k = 0; k < 50; ++k) {
        sequence.point(1000 + k, point);
        for (std::size_t i = 0; i < 5; ++i) CHECK(point[i] == rows[k * 5 + i]);
    }
}

TEST_CASE("scrambled: each of 2^m intervals of each of 512 dimensions is hit once by 2^m points") {
    constexpr unsigned m = 9;
    const SobolSequence sequence(512, 7);
    for (const std::uint64_t first : {0u, 1u << m, 5u << m}) {
        const std::vector<double> rows = points_of(sequence, first, 1u << m);
        for (std::size_t i = 0; i < 512; ++i) {
            std::set<int> hit;
            for (std::size_t k = 0; k < (1u << m); ++k)
                hit.insert(static_cast<int>(rows[k * 512 + i] * (1 << m)));
            CHECK(hit.size() == (1u << m));
        }
    }
}

TEST_CASE("scrambled: the first two dimensions stay a (0, m, 2)-net") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const SobolSequence sequence(4, seed);
        CHECK(is_net(points_of(sequence, 0, 256), 4, 0, 1, 8));
    }
    Random random(1);
    std::vector<double> noise(512);
    for (double& x : noise) x = random.uniform();
    CHECK_FALSE(is_net(noise, 2, 0, 1, 8));
}

TEST_CASE("the error of an integral is far below that of random points") {
    constexpr std::size_t dimensions = 10;
    constexpr std::size_t count = 4096;
    double sobol = 0;
    double plain = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        sobol +=
            std::pow(mean_of_smooth(points_of(SobolSequence(dimensions, seed), 0, count), dimensions) - 1, 2);
        Random random(seed);
        std::vector<double> rows(dimensions * count);
        for (double& x : rows) x = random.uniform();
        plain += std::pow(mean_of_smooth(rows, dimensions) - 1, 2);
    }
    CHECK(std::sqrt(sobol) * 20 < std::sqrt(plain));
}

TEST_CASE("over seeds, scrambled points are uniform: their mean has no bias") {
    double sum = 0;
    std::vector<double> point(3);
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SobolSequence(3, seed).point(5, point);
        sum += point[2];
    }
    CHECK(sum / 2000 == doctest::Approx(0.5).epsilon(0.05));
}

TEST_CASE("the seed decides, nothing else") {
    const std::vector<double> one = points_of(SobolSequence(6, 1), 0, 16);
    CHECK(one == points_of(SobolSequence(6, 1), 0, 16));
    CHECK(one != points_of(SobolSequence(6, 2), 0, 16));
    for (const double x : points_of(SobolSequence(6, 1), 0, 5000)) CHECK((x > 0 && x < 1));
}
