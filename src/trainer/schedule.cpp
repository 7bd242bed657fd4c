#include "trainer/schedule.hpp"

#include <cmath>
#include <numbers>

namespace euromesh::trainer {
namespace {

// 0 at the end of the warm-up, 1 at the last step.
double progress(const Schedule& schedule, std::uint64_t step) {
    if (step >= schedule.steps) return 1;
    return static_cast<double>(step - schedule.warmup) /
           static_cast<double>(schedule.steps - schedule.warmup);
}

double decayed(const Schedule& schedule, double share) {
    return schedule.floor + (1 - schedule.floor) * share;
}

double stable_then_down(const Schedule& schedule, std::uint64_t step) {
    const double left = static_cast<double>(schedule.steps) - static_cast<double>(step);
    const double length = schedule.decay_share * static_cast<double>(schedule.steps);
    if (left <= 0) return schedule.floor;
    return left >= length ? 1.0 : decayed(schedule, left / length);
}

}  // namespace

Status validate(const Schedule& schedule) {
    if (!(schedule.peak > 0 && schedule.peak <= 10))
        return fail(Code::bad_input, "learning rate {}: use more than 0, at most 10", schedule.peak);
    if (!(schedule.floor >= 0 && schedule.floor <= 1))
        return fail(Code::bad_input, "schedule floor {}: use 0 to 1, a share of the peak", schedule.floor);
    if (!(schedule.decay_share >= 0 && schedule.decay_share <= 1))
        return fail(Code::bad_input, "schedule decay_share {}: use 0 to 1", schedule.decay_share);
    if (schedule.decay != Decay::constant && schedule.warmup >= schedule.steps)
        return fail(Code::bad_input, "schedule warmup {}: use fewer steps than the run has ({})",
                    schedule.warmup, schedule.steps);
    return {};
}

double rate_share(const Schedule& schedule, std::uint64_t step) {
    if (step < schedule.warmup)
        return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup + 1);
    switch (schedule.decay) {
        case Decay::constant:
            return 1;
        case Decay::cosine:
            return decayed(schedule, 0.5 * (1 + std::cos(std::numbers::pi * progress(schedule, step))));
        case Decay::wsd:
            return stable_then_down(schedule, step);
    }
    return 1;
}

Result<Decay> parse_decay(std::string_view text) {
    if (text == "constant") return Decay::constant;
    if (text == "cosine") return Decay::cosine;
    if (text == "wsd") return Decay::wsd;
    return fail(Code::bad_input, "schedule '{}': use constant, cosine or wsd", text.substr(0, 80));
}

}  // namespace euromesh::trainer
