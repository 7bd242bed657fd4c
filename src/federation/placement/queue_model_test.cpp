#include "federation/placement/queue_model.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("size classes are powers of two") {
    const std::vector<std::pair<std::int64_t, int>> expected{{1, 0}, {2, 1}, {3, 2}, {4, 2},
                                                             {5, 3}, {8, 3}, {9, 4}, {1024, 10}};
    for (const auto& entry : expected) CHECK(size_class_of(entry.first) == entry.second);
}

TEST_CASE("quantiles are by nearest rank") {
    CHECK(quantile({5, 1, 4, 2, 3}, 500) == 3);
    CHECK(quantile({5, 1, 4, 2, 3}, 900) == 5);
    CHECK(quantile({5, 1, 4, 2, 3}, 1) == 1);
    CHECK(quantile({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 900) == 9);
    CHECK(quantile({7}, 500) == 7);
}

TEST_CASE("a band needs samples of its size, or else of a larger one, or else of a smaller one") {
    QueueModel model(100, 3);
    for (int i = 1; i <= 2; ++i) model.record({.gpus = 1, .wait_ms = i});
    CHECK_FALSE(model.predict(1).has_value());
    for (int i = 1; i <= 3; ++i) model.record({.gpus = 8, .wait_ms = 100 * i});
    for (int i = 1; i <= 3; ++i) model.record({.gpus = 64, .wait_ms = 1000 * i});
    CHECK(model.predict(1)->median_ms == 200);
    CHECK(model.predict(8)->p90_ms == 300);
    CHECK(model.predict(9)->median_ms == 2000);
    CHECK(model.predict(500)->median_ms == 2000);
}

TEST_CASE("old waits are forgotten, and none is negative") {
    QueueModel model(3, 1);
    for (const std::int64_t wait : {900, 900, 900, -5, 10, 20}) model.record({.gpus = 2, .wait_ms = wait});
    CHECK(model.predict(2)->median_ms == 10);
    CHECK(model.predict(2)->p90_ms == 20);
}

// Waits with the long tail that queues have. The model sees each only after it has predicted it.
TEST_CASE("bands of a stationary queue hold what they promise") {
    Random random(7);
    QueueModel model(200, 20);
    std::vector<BandOutcome> outcomes;
    for (int i = 0; i < 4000; ++i) {
        const auto wait = static_cast<std::int64_t>(3.6e6 * std::exp(1.2 * random.normal()));
        if (const auto band = model.predict(4)) outcomes.push_back({*band, wait});
        model.record({.gpus = 4, .wait_ms = wait});
    }
    const BandCoverage coverage = coverage_of(outcomes);
    CHECK(coverage.outcomes == 3980);
    CHECK(std::abs(coverage.below_median_permille - 500) < 30);
    CHECK(std::abs(coverage.below_p90_permille - 900) < 20);
    std::vector<BandOutcome> bold = outcomes;
    for (BandOutcome& outcome : bold) outcome.predicted = {0, 0};
    CHECK(coverage_of(bold).p90_loss_ms > 2 * coverage.p90_loss_ms);
    CHECK(coverage_of({}).outcomes == 0);
}

TEST_CASE("pinball loss weighs a late start more than an early one at p90") {
    const BandCoverage late = coverage_of({{.predicted = {100, 100}, .wait_ms = 200}});
    const BandCoverage early = coverage_of({{.predicted = {200, 200}, .wait_ms = 100}});
    CHECK(late.p90_loss_ms == 90);
    CHECK(early.p90_loss_ms == 10);
    CHECK(late.median_loss_ms == 50);
}

}  // namespace
}  // namespace euromesh::federation
