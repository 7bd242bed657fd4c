#include "federation/placement/score.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

__extension__ using Wide = __int128;

constexpr std::array<std::string_view, score_terms> term_names{
    "start", "band", "run", "energy", "carbon", "price", "transfer", "share_debt", "preference", "lateness"};
constexpr std::int64_t most_value = 1'000'000'000'000'000;
constexpr std::int64_t ms_per_hour = 3'600'000;

// scaled() with a divisor that the compiler knows: a multiplication in place of a division.
template <std::int64_t divisor>
std::int64_t scaled_by(std::int64_t a, std::int64_t b, std::int64_t most) {
    std::int64_t product = 0;
    if (!__builtin_mul_overflow(a, b, &product)) return std::min(product / divisor, most);
    return scaled(a, b, divisor, most);
}

ScoreTerm term_of(Term term, std::int64_t value, std::int64_t weight_micro) {
    return {term, value, weight_micro, scaled_by<1'000'000>(value, weight_micro, score_most_ms)};
}

}  // namespace

std::string_view name_of(Term term) {
    return term_names.at(static_cast<std::size_t>(term));
}

std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t divisor, std::int64_t most) {
    std::int64_t product = 0;
    if (!__builtin_mul_overflow(a, b, &product)) return std::min(product / divisor, most);
    return static_cast<std::int64_t>(std::min(Wide{a} * b / divisor, Wide{most}));
}

std::int64_t scaled_up(std::int64_t a, std::int64_t b, std::int64_t divisor, std::int64_t most) {
    std::int64_t product = 0, raised = 0;
    if (!__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(product, divisor - 1, &raised))
        return std::min(raised / divisor, most);
    return static_cast<std::int64_t>(std::min((Wide{a} * b + divisor - 1) / divisor, Wide{most}));
}

std::int64_t run_time_ms(std::int64_t duration_ms, std::int64_t rate_permille) {
    return (duration_ms * 1000 + rate_permille - 1) / rate_permille;
}

namespace {

struct RunCosts {
    std::int64_t watt_hours = 0;
    std::int64_t grams = 0;
    std::int64_t milli_euro = 0;
};

RunCosts costs_of(const PlacementPartition& partition, std::int64_t run_ms) {
    const std::int64_t watt_hours = scaled_by<ms_per_hour>(run_ms, partition.watts_per_gpu, most_value);
    return {watt_hours, scaled_by<1000>(watt_hours, partition.carbon_g_per_kwh, most_value),
            scaled_by<ms_per_hour>(run_ms, partition.price_milli_euro_per_gpu_hour, most_value)};
}

ScoreTerm start_term(const PlacementPolicy& policy, std::int64_t now_ms, std::int64_t start_ms) {
    return term_of(Term::start, std::max<std::int64_t>(0, start_ms - now_ms), policy.start_micro);
}

ScoreTerm lateness_term(const PlacementPolicy& policy, std::int64_t end_ms,
                        std::optional<std::int64_t> deadline_ms) {
    const std::int64_t late_ms = deadline_ms ? std::max<std::int64_t>(0, end_ms - *deadline_ms) : 0;
    return term_of(Term::lateness, late_ms, policy.lateness_micro);
}

}  // namespace

ScoreTerms score_terms_of(const PlacementPolicy& policy, const PlacementPartition& partition,
                          const PlaceFacts& facts, std::int64_t now_ms, std::int64_t start_ms,
                          std::optional<std::int64_t> deadline_ms) {
    const RunCosts costs = costs_of(partition, facts.run_ms);
    return {start_term(policy, now_ms, start_ms),
            term_of(Term::band, partition.queue.p90_ms - partition.queue.median_ms, policy.band_micro),
            term_of(Term::run, facts.run_ms, policy.run_micro),
            term_of(Term::energy, costs.watt_hours, policy.energy_micro),
            term_of(Term::carbon, costs.grams, policy.carbon_micro),
            term_of(Term::price, costs.milli_euro, policy.price_micro),
            term_of(Term::transfer, facts.transfer_ms, policy.transfer_micro),
            term_of(Term::share_debt, facts.share_debt_permille, policy.share_debt_micro),
            term_of(Term::preference, facts.preference_rank, policy.preference_micro),
            lateness_term(policy, start_ms + facts.run_ms, deadline_ms)};
}

std::int64_t score_of(const ScoreTerms& terms) {
    std::int64_t sum = 0;
    for (const ScoreTerm& term : terms) sum += term.cost_ms;
    return sum;
}

std::int64_t place_score(const PlacementPolicy& policy, const PlacementPartition& partition,
                         const PlaceFacts& facts) {
    return score_of(score_terms_of(policy, partition, facts, 0, 0, std::nullopt));
}

std::int64_t start_score(const PlacementPolicy& policy, std::int64_t run_ms, std::int64_t now_ms,
                         std::int64_t start_ms, std::optional<std::int64_t> deadline_ms) {
    return start_term(policy, now_ms, start_ms).cost_ms +
           lateness_term(policy, start_ms + run_ms, deadline_ms).cost_ms;
}

}  // namespace euromesh::federation
