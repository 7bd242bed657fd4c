#include "planner/backtest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "facts/fact_files.hpp"

using namespace euromesh;
using namespace euromesh::planner;
using facts::Accelerator;
using facts::TrainingRun;

namespace {

Accelerator card(const char* id, double tflops) {
    return {.id = id, .bf16_dense_tflops = tflops};
}

TrainingRun run(const char* id, const char* accelerator, double flop, double hours) {
    return {.id = id, .flop = flop, .accelerator = accelerator, .accel_hours = hours, .evidence = "seen"};
}

// 3.6e18 FLOP in an hour is 1e15 FLOP/s: an MFU of 1 on this card.
const std::vector<Accelerator> cards = {card("h100-x", 1000), card("odd", 100)};

const RunBacktest& row(const Backtest& result, const std::string& id) {
    const auto found = std::find_if(result.runs.begin(), result.runs.end(),
                                    [&](const RunBacktest& one) { return one.id == id; });
    REQUIRE(found != result.runs.end());
    return *found;
}

Backtest of_the_facts() {
    const facts::FactFiles files = facts::FactFiles::built_in();
    return backtest(facts::load_training_runs(files).value(), facts::load_accelerators(files).value());
}

}  // namespace

TEST_CASE("a run is predicted by the median of the others, never by itself") {
    const std::vector<TrainingRun> runs = {run("a", "h100-x", 3.6e18, 2), run("b", "h100-x", 3.6e18, 4),
                                           run("c", "h100-x", 3.6e18, 5)};
    const Backtest result = backtest(runs, cards);
    const RunBacktest& a = row(result, "a");
    CHECK(a.others == 2);
    CHECK(a.mfu == doctest::Approx((0.25 + 0.2) / 2));
    CHECK(a.hours->central == doctest::Approx(1 / 0.225));
    CHECK(a.hours->low == doctest::Approx(4));
    CHECK(a.hours->high == doctest::Approx(5));
    CHECK(a.hours_ratio() == doctest::Approx(2.222).epsilon(0.001));
    CHECK(!a.covered());
    CHECK(row(result, "b").covered());
    CHECK(result.counted == 3);
    CHECK(result.covered == doctest::Approx(1 / 3.0));
    CHECK(result.worst_ratio == doctest::Approx(2.222).epsilon(0.001));
}

TEST_CASE("hours from count and days; days from hours and count") {
    TrainingRun counted = run("a", "h100-x", 3.6e18, 0);
    counted.accel_hours.reset();
    counted.accelerator_count = 2;
    counted.duration_days = 0.5;
    const Backtest result = backtest(std::vector{counted, run("b", "h100-x", 3.6e18, 10)}, cards);
    CHECK(*row(result, "a").reported_hours == 24);
    CHECK(*row(result, "a").predicted_days == doctest::Approx(10.0 / 48));
}

TEST_CASE("what can't be predicted says why, and what is not sure is not counted") {
    TrainingRun no_flop = run("no-flop", "h100-x", 1, 1), no_card = run("no-card", "h100-x", 1, 1);
    TrainingRun no_hours = run("no-hours", "h100-x", 1, 1), recalled = run("recalled", "h100-x", 3.6e18, 3);
    TrainingRun bound = run("bound", "h100-x", 3.6e18, 3);
    no_flop.flop.reset();
    no_card.accelerator.reset();
    no_hours.accel_hours.reset();
    recalled.evidence = "recalled";
    bound.note = "hours are an upper bound";
    const std::vector<TrainingRun> runs = {no_flop,
                                           no_card,
                                           no_hours,
                                           recalled,
                                           bound,
                                           run("alone", "odd", 1, 1),
                                           run("strange", "tpu", 1, 1),
                                           run("a", "h100-x", 3.6e18, 2),
                                           run("b", "h100-x", 3.6e18, 4)};
    const Backtest result = backtest(runs, cards);
    CHECK(row(result, "no-flop").reason == "no training compute published");
    CHECK(row(result, "no-card").reason == "accelerator not published");
    CHECK(row(result, "no-hours").reason == "no hours or duration published");
    CHECK(row(result, "alone").reason == "no other run with hours on odd");
    CHECK(row(result, "strange").reason == "peak of tpu unknown");
    CHECK(row(result, "recalled").reason == "its figures are only recalled");
    CHECK(row(result, "bound").reason == "its hours are an upper bound");
    CHECK(row(result, "a").others == 1);  // b alone: neither the recalled nor the bounded one
    CHECK(result.counted == 2);
    CHECK(!row(result, "alone").hours);
    CHECK(row(result, "recalled").hours);
}

TEST_CASE("nothing to count") {
    const Backtest result = backtest({}, cards);
    CHECK(result.counted == 0);
    CHECK(result.runs.empty());
    CHECK(result.median_ratio == 0);
}

TEST_CASE("the published runs: the errors that docs/models/backtest.md states") {
    const Backtest result = of_the_facts();
    CHECK(result.counted == 14);
    CHECK(result.median_ratio == doctest::Approx(1.007).epsilon(0.005));
    CHECK(result.median_absolute_error == doctest::Approx(0.296).epsilon(0.01));
    CHECK(result.covered == doctest::Approx(10 / 14.0));
    CHECK(result.worst_ratio == doctest::Approx(0.441).epsilon(0.01));
    CHECK(row(result, "llama31-405b").hours_ratio() == doctest::Approx(1.317).epsilon(0.01));
    CHECK(row(result, "bloom-176b").hours_ratio() == doctest::Approx(0.892).epsilon(0.01));
    CHECK(row(result, "intellect-1").utilisation.value() == doctest::Approx(0.829).epsilon(0.01));
    CHECK(row(result, "covenant-72b").reason == "no hours or duration published");
}

TEST_CASE("exchanges: exact from the time, far too slow from the line that was told") {
    const Backtest result = of_the_facts();
    REQUIRE(result.exchanges.size() == 5);
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(std::abs(result.exchanges[i].predicted - result.exchanges[i].reported) < 0.001);
    CHECK(result.exchanges[3].predicted_exchange_s == doctest::Approx(50.75).epsilon(0.01));
    CHECK(result.exchanges[4].predicted_exchange_s == doctest::Approx(523.8).epsilon(0.01));
}

TEST_CASE("the order of the runs changes nothing; a slower run predicts the others to be slower") {
    Random random(17);
    for (int trial = 0; trial < 100; ++trial) {
        std::vector<TrainingRun> runs;
        for (const char* id : {"a", "b", "c", "d", "e"})
            runs.push_back(run(id, "h100-x", 3.6e18, 2 + 8 * random.uniform()));
        const Backtest once = backtest(runs, cards);
        std::vector<TrainingRun> slower = runs;
        *slower[1].accel_hours *= 2;
        CHECK(row(backtest(slower, cards), "a").hours->central >= row(once, "a").hours->central);
        std::reverse(runs.begin(), runs.end());
        const Backtest other = backtest(runs, cards);
        CHECK(row(other, "c").hours->central == row(once, "c").hours->central);
        CHECK(other.median_absolute_error == once.median_absolute_error);
    }
}

TEST_CASE("as JSON, unknown is null") {
    const Json document = to_json(of_the_facts());
    CHECK(document["format"] == "euromesh-backtest/1");
    CHECK(document["runs"].size() > 40);
    for (const Json& one : document["runs"])
        if (one["id"] == "mistral-large-2") CHECK(one["reported_hours"].is_null());
    CHECK(document["exchanges"].size() == 5);
}
