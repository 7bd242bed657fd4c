#include "federation/batch/start_forecast.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

constexpr std::int64_t minute = 60'000, hour = 60 * minute;

// Queues that are full, and a scheduler that is what the walk says, but for delays that nobody foresees.
class Site {
  public:
    explicit Site(std::uint64_t seed) : random_(seed) {}

    QueuePicture picture() {
        QueuePicture made{.now_ms = now_ += 10 * minute, .nodes = 32};
        for (std::int64_t used = 0; used < 28;) {
            const std::int64_t limit = between(1, 8) * hour, used_ms = between(0, limit / 4);
            made.running.push_back({between(1, 4), now_ - used_ms, now_ - used_ms + limit});
            used += made.running.back().nodes;
        }
        for (std::int64_t i = between(1, 10); i > 0; --i)
            made.waiting.push_back({between(4, 20), between(1, 8) * hour});
        return made;
    }
    // When the last one starts. surprise: its wait is so much longer, in percent, on average.
    std::int64_t truth(const QueuePicture& picture, std::int64_t surprise) {
        AssumedTimes times;
        for (const RunningJob& job : picture.running) {
            const std::int64_t used = picture.now_ms - job.started_ms, limit = job.ends_ms - job.started_ms;
            times.running_ms.push_back(std::max<std::int64_t>(1, run_of(limit) - used));
        }
        for (const WaitingJob& job : picture.waiting) times.waiting_ms.push_back(run_of(job.limit_ms));
        const std::int64_t at = walk_to_start(picture, times, picture.waiting.size() - 1);
        return at + (at - picture.now_ms) * between(0, 2 * surprise) / 100;
    }
    // Most use little of their limits.
    std::int64_t run_of(std::int64_t limit) {
        const double ratio = random_.uniform() * random_.uniform();
        return 1 + static_cast<std::int64_t>(ratio * static_cast<double>(limit - 1));
    }
    std::int64_t now() const { return now_; }

  private:
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most - least + 1)));
    }
    Random random_;
    std::int64_t now_ = 1'000 * hour;
};

void teach_ratios(StartForecaster& forecaster, Site& site) {
    for (int i = 0; i < 300; ++i) forecaster.ran(8 * hour, site.run_of(8 * hour));
}

void forecast_and_see(StartForecaster& forecaster, Site& site, int many, std::int64_t surprise) {
    for (int i = 0; i < many; ++i) {
        const QueuePicture picture = site.picture();
        const StartForecast forecast = forecaster.forecast(picture, picture.waiting.size() - 1);
        CHECK(forecast.asked_ms <= forecast.told.lower_ms);
        CHECK(forecast.told.lower_ms <= forecast.told.median_ms);
        CHECK(forecast.told.median_ms <= forecast.told.upper_ms);
        if (forecast.is_at_once) continue;
        forecaster.expect("job", forecast);
        forecaster.started("job", site.truth(picture, surprise));
    }
}

TEST_CASE("without outcomes the band is wide, and says so") {
    StartForecaster forecaster(1);
    const QueuePicture picture{
        .now_ms = hour, .nodes = 4, .running = {{4, 0, 5 * hour}}, .waiting = {{2, hour}}};
    const StartForecast forecast = forecaster.forecast(picture, 0);
    CHECK_FALSE(forecast.is_scored);
    CHECK_FALSE(forecast.is_at_once);
    CHECK(forecast.by_limits_ms == 5 * hour);
    CHECK(forecast.told.lower_ms == hour);
    CHECK(forecast.told.upper_ms >= 9 * hour);
    CHECK(forecast.raw.upper_ms <= 5 * hour);
    CHECK(forecast.raw.lower_ms > hour);
    CHECK(forecast.mean_ms() > forecast.raw.lower_ms);
    CHECK(forecast.mean_ms() < forecast.raw.upper_ms);
}

TEST_CASE("the mean start is nearer to the tail than the median") {
    const StartForecast forecast{.asked_ms = 100, .told = {100, 200, 1100}, .is_scored = true};
    CHECK(forecast.mean_ms() == 100 + 63 + 185);
    StartForecast never;
    never.told = {starts_never, starts_never, starts_never};
    CHECK(never.mean_ms() == starts_never);
}

TEST_CASE("a job that fits starts at once, one that is too large never") {
    StartForecaster forecaster(1);
    const QueuePicture picture{.now_ms = hour, .nodes = 4, .waiting = {{2, hour}, {5, hour}}};
    CHECK(forecaster.forecast(picture, 0).is_at_once);
    CHECK(forecaster.forecast(picture, 0).told.median_ms == hour);
    CHECK(forecaster.forecast(picture, 1).told.lower_ms == starts_never);
}

TEST_CASE("running times follow the site's ratios, and what a job has used already") {
    StartForecaster forecaster(1);
    for (int i = 0; i < 30; ++i) forecaster.ran(10 * hour, 2 * hour);
    for (int i = 0; i < 30; ++i) forecaster.ran(10 * hour, 8 * hour);
    QueuePicture picture{.now_ms = hour, .nodes = 4, .running = {{4, 0, 10 * hour}}, .waiting = {{2, hour}}};
    StartForecast forecast = forecaster.forecast(picture, 0);
    CHECK(forecast.raw.lower_ms == 2 * hour);
    CHECK(forecast.raw.upper_ms == 8 * hour);
    picture.now_ms = 3 * hour;
    forecast = forecaster.forecast(picture, 0);
    CHECK(forecast.raw.lower_ms == 8 * hour);
    picture.waiting[0].expected_ms = 9 * hour;
    CHECK(forecaster.forecast(picture, 0).by_limits_ms == 9 * hour);
}

TEST_CASE("bands hold about nine times in ten, also when waits are longer than the walk can know") {
    for (const std::int64_t surprise : {0, 60}) {
        CAPTURE(surprise);
        StartForecaster forecaster(1);
        Site site(42);
        teach_ratios(forecaster, site);
        forecast_and_see(forecaster, site, 500, surprise);
        const ForecastScore score = forecaster.score(site.now(), true);
        MESSAGE(score.outcomes << " outcomes, " << score.inside_permille << " permille inside, median error "
                               << score.median_error_ms / minute << " min, by limits "
                               << score.by_limits_error_ms / minute << ", of a wait of "
                               << score.median_wait_ms / minute);
        CHECK(score.outcomes > 350);
        CHECK(score.inside_permille >= 850);
        CHECK(score.inside_permille <= 950);
        CHECK(score.median_error_ms * 2 < score.by_limits_error_ms);
    }
}

TEST_CASE("when a site changes its ways, bands follow") {
    StartForecaster forecaster(1);
    Site site(43);
    teach_ratios(forecaster, site);
    forecast_and_see(forecaster, site, 200, 0);
    forecast_and_see(forecaster, site, 200, 150);
    const ForecastScore before = forecaster.score(site.now(), true);
    forecast_and_see(forecaster, site, 500, 150);
    const ForecastScore after = forecaster.score(site.now(), true);
    CHECK(after.inside_permille > before.inside_permille);
    CHECK(after.inside_permille >= 850);
}

TEST_CASE("one that has not started when its band ends is missed, one that is gone is none") {
    StartForecaster forecaster(1);
    const QueuePicture picture{
        .now_ms = 0, .nodes = 4, .running = {{4, 0, 5 * hour}}, .waiting = {{2, hour}}};
    const StartForecast forecast = forecaster.forecast(picture, 0);
    forecaster.expect("a", forecast);
    forecaster.expect("b", forecast);
    CHECK(forecaster.score(forecast.told.upper_ms, false).outcomes == 0);
    CHECK(forecaster.score(forecast.told.upper_ms + 1, false).missed_open == 2);
    forecaster.gone("b");
    forecaster.started("a", forecast.told.upper_ms + 5);
    forecaster.started("nobody", 5);
    const ForecastScore score = forecaster.score(forecast.told.upper_ms + 9, false);
    CHECK(score.outcomes == 1);
    CHECK(score.inside_permille == 0);
    CHECK(score.median_error_ms == forecast.told.upper_ms + 5 - forecast.told.median_ms);
    CHECK(forecaster.score(hour, true).outcomes == 0);
}

}  // namespace
}  // namespace euromesh::federation
