#include "planner/critical_batch.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("the critical batch of a few budgets") {
    CHECK(critical_batch_tokens(100e9) == doctest::Approx(11.7e6).epsilon(0.01));
    CHECK(critical_batch_tokens(15.6e12) == doctest::Approx(120e6).epsilon(0.01));
}

TEST_CASE("Llama 3: 16 M tokens of 15.6 T; a fleet of 100,000 accelerators") {
    CHECK(batch_penalty(16e6, 15.6e12, 0) == doctest::Approx(1.133).epsilon(0.002));
    CHECK(batch_penalty(16e6, 15.6e12, 16e6) == 1);
    const BatchNeed need = batch_need(100'000, 1000, 15.6e12, 16e6);
    CHECK(need.batch_tokens == 100e6);
    CHECK(need.penalty == doctest::Approx(1.617).epsilon(0.002));
}

TEST_CASE("at the critical batch, twice the data") {
    CHECK(batch_penalty(critical_batch_tokens(1e12), 1e12, 0) == doctest::Approx(2));
}

TEST_CASE("a larger batch or fleet never costs less, a longer run never more") {
    Random random(3);
    for (int i = 0; i < 2000; ++i) {
        const double batch = 1e5 + 1e9 * random.uniform(), tokens = 1e9 + 1e13 * random.uniform();
        const double reference = 3e7 * random.uniform();
        const double once = batch_penalty(batch, tokens, reference);
        CHECK(once >= 1);
        CHECK(batch_penalty(batch * 1.1, tokens, reference) >= once);
        CHECK(batch_penalty(batch, tokens * 1.1, reference) <= once);
        CHECK(batch_penalty(batch, tokens, reference * 1.1) <= once);
        CHECK(batch_need(2000, batch / 1000, tokens, reference).penalty >=
              batch_need(1000, batch / 1000, tokens, reference).penalty);
    }
}
