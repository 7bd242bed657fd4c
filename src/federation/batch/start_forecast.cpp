#include "federation/batch/start_forecast.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t least_ratios = 20;
constexpr std::int64_t side_permille = 950;  // each side of the band is kept so often
constexpr std::int64_t least_width_ms = 1000, most_width_ms = 1'000'000'000'000;
constexpr std::size_t outcomes_kept = 2000;  // for scores

// The least value that at least permille of them do not exceed; sorts.
std::int64_t quantile_of(std::vector<std::int64_t>& values, std::int64_t permille) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t rank = (values.size() * static_cast<std::size_t>(permille) + 999) / 1000;
    return values[std::max<std::size_t>(1, rank) - 1];
}

// In what errors are counted, so that long and short waits can be compared.
std::int64_t width_of(const StartForecast& forecast) {
    const StartInterval& raw = forecast.raw;
    const std::int64_t least = std::max((raw.median_ms - forecast.asked_ms) / 4, least_width_ms);
    return std::min(std::max(raw.upper_ms - raw.lower_ms, least), most_width_ms);
}

constexpr std::int64_t parts_most = 1'000'000;  // a thousand widths: no product overflows

std::int64_t parts_of(const StartForecast& forecast, std::int64_t by_ms) {
    return std::clamp(by_ms * 1000 / width_of(forecast), -parts_most, parts_most);
}

std::int64_t moved(std::int64_t at_ms, std::int64_t parts, std::int64_t width_ms) {
    return at_ms + parts * width_ms / 1000;
}

// How far outcomes lay beyond the raw band, in thousandths of its width; inside: below zero.
struct Errors {
    std::vector<std::int64_t> below{}, middle{}, above{};

    void add(const StartForecast& forecast, std::int64_t started_ms) {
        below.push_back(parts_of(forecast, forecast.raw.lower_ms - started_ms));
        middle.push_back(parts_of(forecast, started_ms - forecast.raw.median_ms));
        above.push_back(parts_of(forecast, started_ms - forecast.raw.upper_ms));
    }
};

// Of n outcomes and the next one, any is the largest equally often: the rank counts that one, too.
std::int64_t conformal_quantile(std::vector<std::int64_t>& values) {
    const std::size_t rank = ((values.size() + 1) * static_cast<std::size_t>(side_permille) + 999) / 1000;
    EM_ASSERT(rank >= 1 && rank <= values.size(), "enough outcomes for the quantile");
    std::sort(values.begin(), values.end());
    return values[rank - 1];
}

constexpr std::size_t least_outcomes = 19;  // (19 + 1) * 95 % = 19

std::int64_t twice_as_far(const StartForecast& forecast) {
    const std::int64_t wait = std::max(forecast.by_limits_ms, forecast.raw.upper_ms) - forecast.asked_ms;
    return forecast.asked_ms + 2 * wait + least_width_ms;
}

bool is_inside(const StartInterval& told, std::int64_t at_ms) {
    return told.lower_ms <= at_ms && at_ms <= told.upper_ms;
}

}  // namespace

std::int64_t StartForecast::mean_ms() const {
    if (told.median_ms == starts_never) return starts_never;
    if (is_at_once) return asked_ms;
    const StartInterval& of = is_scored ? told : raw;  // the upper end of one that is not scored means little
    const std::int64_t sides = of.lower_ms - asked_ms + of.upper_ms - asked_ms;
    return asked_ms + (185 * sides + 630 * (of.median_ms - asked_ms)) / 1000;
}

void StartForecaster::ran(std::int64_t limit_ms, std::int64_t run_ms) {
    EM_ASSERT(limit_ms > 0, "a job has a limit");
    ratios_.push_back(std::clamp<std::int64_t>(run_ms, 0, limit_ms) * 1000 / limit_ms);
    if (ratios_.size() > forecast_ratios) ratios_.pop_front();
    sorted_ratios_.assign(ratios_.begin(), ratios_.end());
    std::sort(sorted_ratios_.begin(), sorted_ratios_.end());
}

// A whole running time of which more than used_ms is known to be over.
std::int64_t StartForecaster::draw_run(std::int64_t limit_ms, std::int64_t used_ms) {
    if (limit_ms <= used_ms) return used_ms + 1;
    const auto above =
        std::upper_bound(sorted_ratios_.begin(), sorted_ratios_.end(), used_ms * 1000 / limit_ms);
    const auto many = static_cast<std::uint64_t>(sorted_ratios_.end() - above);
    const auto left = static_cast<std::uint64_t>(limit_ms - used_ms);
    const bool is_known = sorted_ratios_.size() >= least_ratios && many > 0;
    if (!is_known) return used_ms + 1 + static_cast<std::int64_t>(random_.below(left));
    const std::int64_t ratio = above[static_cast<std::ptrdiff_t>(random_.below(many))];
    return std::max(limit_ms * ratio / 1000, used_ms + 1);
}

AssumedTimes StartForecaster::draw(const QueuePicture& picture) {
    AssumedTimes times;
    for (const RunningJob& job : picture.running) {
        const std::int64_t used = std::max<std::int64_t>(0, picture.now_ms - job.started_ms);
        times.running_ms.push_back(draw_run(job.ends_ms - job.started_ms, used) - used);
    }
    for (const WaitingJob& job : picture.waiting) times.waiting_ms.push_back(draw_run(job.limit_ms, 0));
    return times;
}

StartInterval StartForecaster::raw_of(const QueuePicture& picture, std::size_t index) {
    std::vector<std::int64_t> starts;
    for (std::size_t i = 0; i < forecast_walks; ++i)
        starts.push_back(walk_to_start(picture, draw(picture), index));
    return {quantile_of(starts, 50), quantile_of(starts, 500), quantile_of(starts, 950)};
}

StartForecast StartForecaster::forecast(const QueuePicture& picture, std::size_t index) {
    EM_ASSERT(index < picture.waiting.size(), "a forecast is of one that waits");
    StartForecast made{.asked_ms = picture.now_ms};
    const std::int64_t expected = picture.waiting[index].expected_ms;
    const std::int64_t by_limits = walk_to_start(picture, limits_of(picture), index);
    made.by_limits_ms = expected > 0 ? std::max(expected, picture.now_ms) : by_limits;
    if (by_limits == starts_never) {
        made.raw = made.told = {starts_never, starts_never, starts_never};
        made.by_limits_ms = starts_never;
        return made;
    }
    made.is_at_once = by_limits == picture.now_ms;
    made.raw = raw_of(picture, index);
    correct(made);
    return made;
}

void StartForecaster::correct(StartForecast& forecast) const {
    Errors errors;
    const std::size_t count = std::min(outcomes_.size(), forecast_outcomes);
    for (auto outcome = outcomes_.end() - static_cast<std::ptrdiff_t>(count); outcome != outcomes_.end();
         ++outcome)
        errors.add(outcome->forecast, outcome->started_ms);
    for (const auto& [id, open] : open_) {
        if (open.raw.upper_ms < forecast.asked_ms) errors.add(open, forecast.asked_ms);
    }
    const StartInterval& raw = forecast.raw;
    StartInterval& told = forecast.told;
    const std::int64_t now = forecast.asked_ms, width = width_of(forecast);
    forecast.is_scored = count >= least_outcomes;
    if (forecast.is_scored) {
        told.lower_ms = std::max(now, moved(raw.lower_ms, -conformal_quantile(errors.below), width));
        told.upper_ms = std::max(now, moved(raw.upper_ms, conformal_quantile(errors.above), width));
        told.median_ms = moved(raw.median_ms, quantile_of(errors.middle, 500), width);
    } else {
        told = {now, raw.median_ms, twice_as_far(forecast)};
    }
    told.lower_ms = std::min(told.lower_ms, told.upper_ms);
    told.median_ms = std::clamp(told.median_ms, told.lower_ms, told.upper_ms);
}

void StartForecaster::expect(const std::string& id, const StartForecast& forecast) {
    if (forecast.told.median_ms == starts_never || open_.size() >= forecast_open_most) return;
    open_.emplace(id, forecast);
}

void StartForecaster::started(const std::string& id, std::int64_t at_ms) {
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    outcomes_.push_back({found->second, std::max(at_ms, found->second.asked_ms)});
    if (outcomes_.size() > outcomes_kept) outcomes_.pop_front();
    open_.erase(found);
}

ForecastScore StartForecaster::score(std::int64_t now_ms, bool only_scored) const {
    ForecastScore score;
    std::vector<std::int64_t> errors, by_limits, waits, widths;
    std::int64_t inside = 0;
    for (const auto& [forecast, started_ms] : outcomes_) {
        if (only_scored && !forecast.is_scored) continue;
        inside += is_inside(forecast.told, started_ms) ? 1 : 0;
        errors.push_back(std::abs(started_ms - forecast.told.median_ms));
        by_limits.push_back(std::abs(started_ms - forecast.by_limits_ms));
        waits.push_back(started_ms - forecast.asked_ms);
        widths.push_back(forecast.told.upper_ms - forecast.told.lower_ms);
    }
    for (const auto& [id, open] : open_)
        score.missed_open += (open.is_scored || !only_scored) && open.told.upper_ms < now_ms ? 1 : 0;
    score.outcomes = static_cast<std::int64_t>(errors.size()) + score.missed_open;
    if (score.outcomes > 0) score.inside_permille = inside * 1000 / score.outcomes;
    score.median_error_ms = quantile_of(errors, 500);
    score.by_limits_error_ms = quantile_of(by_limits, 500);
    score.median_wait_ms = quantile_of(waits, 500);
    score.median_width_ms = quantile_of(widths, 500);
    return score;
}

}  // namespace euromesh::federation
