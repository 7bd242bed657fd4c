// When a waiting job will start: a median and a band that holds nine times in ten.
//
// Why: what a scheduler says itself (squeue --start) takes every job to its limit, so it is mostly too late
// and has no band. Here:
// 1. The queue is played on 64 times (queue_walk.hpp). Running times are drawn from the ratios of running
// time
//    to limit of this site's last jobs; of a job that runs already, from those above what it has used. (Waits
//    from walks with predicted running times: Smith, Taylor, Foster 1999.) The 5 %, 50 % and 95 % quantiles
//    are the raw band. Before 20 jobs have ended, ratios are uniform (the "f-model", Zotkin and Keleher
//    1999).
// 2. Each side is moved by the quantile of how far the last 200 outcomes lay beyond it, in parts of the raw
//    band's width: conformalized quantile regression, each side for itself (Romano, Patterson, Candes 2019);
//    the median by the median of its own errors. So whatever the walk does not know (jobs still to come,
//    priorities, which nodes) is in the band as far as it was in the past.
// 3. Before 19 outcomes no such quantile exists: the band then reaches from now to twice as far as the
//    scheduler's own plan, and says that it is not scored.
//
// Forecasts that are open count as far as is known: one that has not started after its upper bound has been
// missed. Otherwise long waits, which are known last, would be missing from what the band is made of.
//
// Pure: seeded, integers, milliseconds UTC (limits and waits of at most a year); the same calls give the same
// bands. Thread rule: one thread. It does
// not: read queues, keep its history on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "federation/batch/queue_walk.hpp"

namespace euromesh::federation {

struct StartInterval {
    std::int64_t lower_ms = 0, median_ms = 0, upper_ms = 0;
    bool operator==(const StartInterval&) const = default;
};

struct StartForecast {
    std::int64_t asked_ms = 0;
    StartInterval raw{};            // of the walks
    StartInterval told{};           // asked_ms <= lower <= median <= upper
    std::int64_t by_limits_ms = 0;  // the scheduler's own plan: what it expects, else the walk by limits
    bool is_scored = false;         // the band rests on outcomes
    bool is_at_once = false;        // no walk made it wait: there is nothing to forecast

    // The mean start, for whoever compares sites: 0.185 q05 + 0.63 q50 + 0.185 q95 (Keefer and Bodily 1983).
    // A median would take a site that is mostly quick and now and then very slow.
    std::int64_t mean_ms() const;
};

struct ForecastScore {
    std::int64_t outcomes = 0;
    std::int64_t missed_open = 0;         // of these not started yet, and too late for their band
    std::int64_t inside_permille = 0;     // of the outcomes
    std::int64_t median_error_ms = 0;     // median of |start - told median|, of those that started
    std::int64_t by_limits_error_ms = 0;  // the same of the scheduler's own plan
    std::int64_t median_wait_ms = 0;
    std::int64_t median_width_ms = 0;  // of the bands
};

inline constexpr std::size_t forecast_walks = 64;
inline constexpr std::size_t forecast_outcomes = 200;  // that bands are made of
inline constexpr std::size_t forecast_ratios = 500;
inline constexpr std::size_t forecast_open_most = 10'000;

class StartForecaster {
  public:
    explicit StartForecaster(std::uint64_t seed) : random_(seed) {}

    // A job of this site has ended, however it did. limit_ms > 0.
    void ran(std::int64_t limit_ms, std::int64_t run_ms);

    // Of picture.waiting[index]. starts_never in all places: more nodes than there are.
    StartForecast forecast(const QueuePicture& picture, std::size_t index);

    // To be scored when it starts; the first forecast of an id counts.
    void expect(const std::string& id, const StartForecast& forecast);
    void started(const std::string& id, std::int64_t at_ms);
    void gone(const std::string& id) { open_.erase(id); }  // it will never start: no outcome
    // Of forecasts with a scored band only, or of all.
    ForecastScore score(std::int64_t now_ms, bool only_scored) const;

  private:
    struct Outcome {
        StartForecast forecast{};
        std::int64_t started_ms = 0;
    };
    AssumedTimes draw(const QueuePicture& picture);
    std::int64_t draw_run(std::int64_t limit_ms, std::int64_t used_ms);
    StartInterval raw_of(const QueuePicture& picture, std::size_t index);
    void correct(StartForecast& forecast) const;

    Random random_;
    std::deque<std::int64_t> ratios_{};  // permille of the limit, newest last
    std::vector<std::int64_t> sorted_ratios_{};
    std::map<std::string, StartForecast> open_{};
    std::deque<Outcome> outcomes_{};
};

}  // namespace euromesh::federation
