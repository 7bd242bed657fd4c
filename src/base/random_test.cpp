#include "base/random.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace euromesh {
namespace {

TEST_CASE("the sequence is the published SplitMix64 one") {
    Random random(1234567);
    CHECK(random.next() == 6457827717110365317ULL);
    CHECK(random.next() == 3203168211198807973ULL);
}

TEST_CASE("a stored state continues the same sequence") {
    Random first(7);
    first.next();
    Random second(first.state());
    CHECK(first.next() == second.next());
}

TEST_CASE("draws have the distribution that they promise") {
    Random random(5);
    double sum = 0, squares = 0;
    int low = 0;
    for (int i = 0; i < 100000; ++i) {
        const double z = random.normal();
        sum += z;
        squares += z * z;
        low += random.below(3) == 0 ? 1 : 0;
        REQUIRE(random.uniform() < 1.0);
    }
    CHECK(std::abs(sum / 100000) < 0.02);
    CHECK(std::abs(squares / 100000 - 1) < 0.03);
    CHECK(std::abs(low / 100000.0 - 1.0 / 3) < 0.01);
}

TEST_CASE("derived seeds differ by part and by seed") {
    CHECK(derive_seed(1, 0) != derive_seed(1, 1));
    CHECK(derive_seed(1, 0) != derive_seed(2, 0));
}

}  // namespace
}  // namespace euromesh
