// What running a workload at a partition from a given moment costs, in milliseconds of delay, term by term.
//
// Each term is a value in its own unit times a weight of the policy; the score is the sum of their costs and
// nothing else, so that an explanation always adds up. Pure integers; values are cut at score_most_ms. No
// thread rule. It does not say whether the workload may run there: filter.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "federation/placement/model.hpp"

namespace euromesh::federation {

enum class Term : std::uint8_t {
    start,       // ms until the median start
    band,        // ms between median and p90 of the start
    run,         // ms at this accelerator's rate
    energy,      // Wh per GPU
    carbon,      // g CO2e per GPU
    price,       // milli-euro per GPU
    transfer,    // ms of moving the data that lie elsewhere, over the slower of both links
    share_debt,  // thousandths of the site's use that the owner used above its share
    preference,  // places behind the first preference
    lateness,    // ms between the deadline and the median end
};
inline constexpr std::size_t score_terms = 10;
std::string_view name_of(Term term);

struct ScoreTerm {
    Term term = Term::start;
    std::int64_t value = 0;
    std::int64_t weight_micro = 0;  // millionths of a millisecond per unit of value
    std::int64_t cost_ms = 0;       // value x weight, rounded down, at most score_most_ms
    bool operator==(const ScoreTerm&) const = default;
};

inline constexpr std::int64_t score_most_ms = 10'000'000'000;  // of one term: 115 days

// a x b / divisor, rounded down (a, b >= 0, divisor > 0), at most `most`; no overflow in between.
std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t divisor, std::int64_t most);
// The same, rounded up.
std::int64_t scaled_up(std::int64_t a, std::int64_t b, std::int64_t divisor, std::int64_t most);
// Milliseconds at a rate in thousandths, rounded up. rate > 0.
std::int64_t run_time_ms(std::int64_t duration_ms, std::int64_t rate_permille);

// What is the same for all starts at a partition.
struct PlaceFacts {
    std::int64_t run_ms = 0;
    std::int64_t transfer_ms = 0;
    std::int64_t share_debt_permille = 0;
    std::int64_t preference_rank = 0;
};

using ScoreTerms = std::array<ScoreTerm, score_terms>;
ScoreTerms score_terms_of(const PlacementPolicy& policy, const PlacementPartition& partition,
                          const PlaceFacts& facts, std::int64_t now_ms, std::int64_t start_ms,
                          std::optional<std::int64_t> deadline_ms);
std::int64_t score_of(const ScoreTerms& terms);

// The same sum in two parts, for planning: what does not depend on the start, and what does.
std::int64_t place_score(const PlacementPolicy& policy, const PlacementPartition& partition,
                         const PlaceFacts& facts);
std::int64_t start_score(const PlacementPolicy& policy, std::int64_t run_ms, std::int64_t now_ms,
                         std::int64_t start_ms, std::optional<std::int64_t> deadline_ms);

}  // namespace euromesh::federation
