#include "federation/placement/score.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace euromesh::federation {
namespace {

constexpr std::int64_t hour = 3'600'000;

// Ten hours on 700 W at 300 g/kWh and 2 euro an hour: 7 kWh, 2.1 kg, 20 euro.
TEST_CASE("each term is its value times its weight, and the score is their sum") {
    PlacementPartition partition;
    partition.queue = {.median_ms = hour, .p90_ms = 3 * hour};
    partition.watts_per_gpu = 700;
    partition.carbon_g_per_kwh = 300;
    partition.price_milli_euro_per_gpu_hour = 2000;
    const PlaceFacts facts{
        .run_ms = 10 * hour, .transfer_ms = 500, .share_debt_permille = 40, .preference_rank = 2};
    const ScoreTerms terms =
        score_terms_of(PlacementPolicy{}, partition, facts, 5 * hour, 6 * hour, 15 * hour);
    const std::array<std::int64_t, score_terms> values{hour,  2 * hour, 10 * hour, 7000, 2100,
                                                       20000, 500,      40,        2,    hour};
    const std::array<std::int64_t, score_terms> costs{hour,      hour / 2, 10 * hour, 420'000,   630'000,
                                                      1'200'000, 500,      144'000,   1'200'000, 4 * hour};
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < score_terms; ++i) {
        CAPTURE(name_of(terms[i].term));
        CHECK(static_cast<std::size_t>(terms[i].term) == i);
        CHECK(terms[i].value == values[i]);
        CHECK(terms[i].cost_ms == costs[i]);
        sum += costs[i];
    }
    CHECK(score_of(terms) == sum);
    CHECK(place_score(PlacementPolicy{}, partition, facts) +
              start_score(PlacementPolicy{}, facts.run_ms, 5 * hour, 6 * hour, 15 * hour) ==
          sum);
}

TEST_CASE("products that do not fit are cut, not wrapped") {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    CHECK(scaled(most, most, 1, score_most_ms) == score_most_ms);
    CHECK(scaled(most, 1000, 1000, most) == most);
    CHECK(scaled(7, 3, 2, most) == 10);
    CHECK(scaled_up(7, 3, 2, most) == 11);
    CHECK(scaled_up(6, 3, 2, most) == 9);
    CHECK(scaled_up(most, most, 1, 5) == 5);
}

TEST_CASE("a slower accelerator takes longer, rounded up") {
    CHECK(run_time_ms(1000, 1000) == 1000);
    CHECK(run_time_ms(1000, 300) == 3334);
    CHECK(run_time_ms(1000, 2000) == 500);
}

}  // namespace
}  // namespace euromesh::federation
