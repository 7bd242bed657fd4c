// The learning rate as a pure function of the step: linear warm-up, then constant, cosine, or
// warm-up-stable-decay (constant, then linear down over the last part).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::trainer {

enum class Decay { constant, cosine, wsd };

struct Schedule {
    Decay decay = Decay::cosine;
    double peak = 1e-3;
    std::uint64_t warmup = 100;  // steps
    std::uint64_t steps = 1500;  // of the whole run; the rate stays at the floor after them
    double floor = 0.1;          // the last rate, as a share of the peak
    double decay_share = 0.2;    // wsd: share of all steps that goes down

    bool operator==(const Schedule&) const = default;
};

// bad_input: names the field.
Status validate(const Schedule& schedule);

// As a share of the peak, in (0, 1]. Steps count from 0.
double rate_share(const Schedule& schedule, std::uint64_t step);
inline double rate_at(const Schedule& schedule, std::uint64_t step) {
    return schedule.peak * rate_share(schedule, step);
}

// "constant", "cosine", "wsd".
Result<Decay> parse_decay(std::string_view text);

}  // namespace euromesh::trainer
