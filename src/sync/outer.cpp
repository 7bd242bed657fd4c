#include "sync/outer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace euromesh::sync {
namespace {

// Several sums, so that an addition need not wait for the one before.
double dot(std::span<const float> a, std::span<const float> b) {
    constexpr std::size_t lanes = 8;
    double sums[lanes] = {};
    for (std::size_t i = 0; i < a.size(); ++i) {
        sums[i % lanes] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    return std::accumulate(std::begin(sums), std::end(sums), 0.0);
}

bool is_momentum_round(const OuterConfig& config, std::uint64_t round) {
    return (round + 1) % config.delay == 0;
}

void delayed_nesterov_step(const OuterConfig& config, std::uint64_t round, std::span<const float> mean,
                           OuterState& state) {
    EM_ASSERT(config.delay >= 1 && state.delayed.size() == mean.size(), "a state that prepare_state() made");
    EM_ASSERT(!share_memory(mean, state.delayed), "never aliased");
    for (std::size_t i = 0; i < mean.size(); ++i) state.delayed[i] += mean[i];
    if (!is_momentum_round(config, round)) {
        return outer_step({OuterKind::mean, config.lr, 0}, mean, state.params, state.momentum);
    }
    const auto lr = static_cast<float>(config.lr), mu = static_cast<float>(config.momentum);
    for (std::size_t i = 0; i < mean.size(); ++i) {
        state.momentum[i] = mu * state.momentum[i] + state.delayed[i];
        state.params[i] -= lr * (mean[i] + mu * state.momentum[i]);
        state.delayed[i] = 0.0f;
    }
}

double score_of(WeightRule rule, const SiteWork& work) {
    EM_ASSERT(work.tokens > 0 && work.inner_steps > 0, "a contribution has tokens and inner steps");
    const auto tokens = static_cast<double>(work.tokens);
    switch (rule) {
        case WeightRule::tokens:
            return tokens;
        case WeightRule::tokens2_per_step:
            return tokens * tokens / static_cast<double>(work.inner_steps);
        case WeightRule::each_step:
            return tokens / static_cast<double>(work.inner_steps);
        case WeightRule::equal:
            break;
    }
    return 1.0;
}

}  // namespace

bool share_memory(std::span<const float> a, std::span<const float> b) {
    const std::less<const float*> before;
    return !a.empty() && !b.empty() && before(a.data(), b.data() + b.size()) &&
           before(b.data(), a.data() + a.size());
}

std::string_view name_of(OuterKind kind) {
    switch (kind) {
        case OuterKind::mean:
            return "mean";
        case OuterKind::delayed_nesterov:
            return "delayed-nesterov";
        case OuterKind::nesterov:
            break;
    }
    return "nesterov";
}

Result<OuterKind> parse_outer_kind(std::string_view text) {
    for (const OuterKind kind : {OuterKind::nesterov, OuterKind::mean, OuterKind::delayed_nesterov}) {
        if (text == name_of(kind)) return kind;
    }
    return fail(Code::bad_input, "outer optimiser '{}' is not known: use nesterov, delayed-nesterov or mean",
                text.substr(0, 40));
}

std::string_view name_of(WeightRule rule) {
    switch (rule) {
        case WeightRule::equal:
            return "equal";
        case WeightRule::tokens2_per_step:
            return "tokens2-per-step";
        case WeightRule::each_step:
            return "each-step";
        case WeightRule::tokens:
            break;
    }
    return "tokens";
}

Result<WeightRule> parse_weight_rule(std::string_view text) {
    for (const WeightRule rule :
         {WeightRule::tokens, WeightRule::equal, WeightRule::tokens2_per_step, WeightRule::each_step}) {
        if (text == name_of(rule)) return rule;
    }
    return fail(Code::bad_input,
                "weights '{}' are not known: use tokens, tokens2-per-step, equal or each-step",
                text.substr(0, 40));
}

void pseudo_gradient(std::span<const float> start, std::span<const float> local, std::span<float> out) {
    EM_ASSERT(start.size() == local.size() && start.size() == out.size(), "three buffers of one size");
    EM_ASSERT(!share_memory(start, local) && !share_memory(start, out) && !share_memory(local, out),
              "never aliased");
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = start[i] - local[i];
}

void outer_step(const OuterConfig& config, std::span<const float> mean, std::span<float> params,
                std::span<float> momentum) {
    EM_ASSERT(mean.size() == params.size() && mean.size() == momentum.size(), "three buffers of one size");
    EM_ASSERT(!share_memory(mean, params) && !share_memory(mean, momentum) && !share_memory(params, momentum),
              "never aliased");
    EM_ASSERT(config.kind != OuterKind::delayed_nesterov, "this kind needs the round and the delayed sum");
    const auto lr = static_cast<float>(config.lr);
    if (config.kind == OuterKind::mean) {
        for (std::size_t i = 0; i < mean.size(); ++i) params[i] -= lr * mean[i];
        return;
    }
    const auto mu = static_cast<float>(config.momentum);
    for (std::size_t i = 0; i < mean.size(); ++i) {
        momentum[i] = mu * momentum[i] + mean[i];
        params[i] -= lr * (mean[i] + mu * momentum[i]);
    }
}

void outer_step(const OuterConfig& config, std::uint64_t round, std::span<const float> mean,
                OuterState& state) {
    if (config.kind == OuterKind::delayed_nesterov) return delayed_nesterov_step(config, round, mean, state);
    EM_ASSERT(state.delayed.empty(), "a state that prepare_state() made");
    outer_step(config, mean, state.params, state.momentum);
}

void outer_step(const OuterConfig& config, std::uint64_t round, const Fragment& fragment,
                std::span<const float> mean, OuterState& state) {
    EM_ASSERT(mean.size() == fragment.size(), "a mean for each value of the fragment");
    if (fragment.size() == state.params.size()) return outer_step(config, round, mean, state);
    const auto part_of = [&](const std::vector<float>& whole) {
        std::vector<float> part(whole.empty() ? 0 : fragment.size());
        if (!whole.empty()) gather(fragment, whole, part);
        return part;
    };
    OuterState part{part_of(state.params), part_of(state.momentum), part_of(state.delayed)};
    outer_step(config, round, mean, part);
    scatter(fragment, part.params, state.params);
    scatter(fragment, part.momentum, state.momentum);
    if (!state.delayed.empty()) scatter(fragment, part.delayed, state.delayed);
}

Status prepare_state(const OuterConfig& config, std::uint64_t round, OuterState& state) {
    const bool is_needed = config.kind == OuterKind::delayed_nesterov;
    if (!is_needed && !state.delayed.empty()) {
        return fail(Code::bad_input,
                    "the outer state is of a run of delayed-nesterov, not of {}: use its kind",
                    name_of(config.kind));
    }
    if (!is_needed || state.delayed.size() == state.params.size()) return {};
    if (round > 0 || !state.delayed.empty()) {
        return fail(
            Code::bad_input,
            "the outer state of round {} has {} delayed values for {} parameters: it is not of a run of "
            "delayed-nesterov, use its kind",
            round, state.delayed.size(), state.params.size());
    }
    state.delayed.assign(state.params.size(), 0.0f);
    return {};
}

std::string state_digest(const OuterState& state) {
    std::array<FastDigest, 3> parts{fast_digest(std::as_bytes(std::span(state.params))),
                                    fast_digest(std::as_bytes(std::span(state.momentum))),
                                    fast_digest(std::as_bytes(std::span(state.delayed)))};
    const std::size_t used = state.delayed.empty() ? 2 : 3;
    return to_hex(fast_digest(std::as_bytes(std::span(parts).first(used))));
}

Status check(const OuterConfig& config) {
    if (!(config.lr > 0 && config.lr <= 10)) {
        return fail(Code::bad_input, "outer learning rate {} must be above 0 and at most 10", config.lr);
    }
    if (!(config.momentum >= 0 && config.momentum < 1)) {
        return fail(Code::bad_input, "outer momentum {} must be at least 0 and below 1", config.momentum);
    }
    const std::uint64_t most = config.kind == OuterKind::delayed_nesterov ? 1000 : 1;
    if (config.delay < 1 || config.delay > most) {
        return fail(Code::bad_input, "outer delay {} of {}: use 1{}", config.delay, name_of(config.kind),
                    most > 1 ? fmt::format(" to {}", most) : "");
    }
    return {};
}

std::vector<double> weights_of(WeightRule rule, std::span<const SiteWork> work, std::uint64_t absent) {
    EM_ASSERT(!work.empty(), "a mean of nobody has no weights");
    double total = 0;
    for (const SiteWork& one : work) total += score_of(rule, one);
    std::vector<double> weights;
    for (const SiteWork& one : work) weights.push_back(score_of(rule, one) / total);
    if (rule != WeightRule::each_step || absent == 0) return weights;
    const auto given = static_cast<double>(work.size());
    for (double& weight : weights) weight *= given / (given + static_cast<double>(absent));
    return weights;
}

std::uint64_t OuterSchedule::inner_steps_of(std::uint64_t round) const {
    if (round >= growth_rounds) return inner_steps;
    const double part = static_cast<double>(round) / static_cast<double>(growth_rounds);
    const double first = static_cast<double>(first_inner_steps);
    return static_cast<std::uint64_t>(
        std::llround(first + part * (static_cast<double>(inner_steps) - first)));
}

OuterConfig OuterSchedule::outer_of(const OuterConfig& base, std::uint64_t round) const {
    if (lr_rounds == 0) return base;
    const double part = static_cast<double>(std::min(round, lr_rounds)) / static_cast<double>(lr_rounds);
    OuterConfig config = base;
    config.lr = base.lr * (1.0 + part * (final_lr_fraction - 1.0));
    return config;
}

double norm(std::span<const float> values) {
    return std::sqrt(dot(values, values));
}

double cosine(std::span<const float> a, std::span<const float> b) {
    EM_ASSERT(a.size() == b.size(), "two vectors of one space");
    const double norms = norm(a) * norm(b);
    return norms > 0 ? dot(a, b) / norms : 0.0;
}

OuterDiagnostics diagnose(const OuterConfig& config, std::span<const float> mean,
                          std::span<const float> previous_mean) {
    EM_ASSERT(previous_mean.empty() || previous_mean.size() == mean.size(), "both of one fragment");
    OuterDiagnostics seen;
    seen.norm = norm(mean);
    if (!previous_mean.empty()) seen.cosine = cosine(mean, previous_mean);
    if (config.kind != OuterKind::mean) {
        const double mu = config.momentum, rounds = static_cast<double>(config.delay);
        seen.effective_gain =
            1 + (mu * (1 + (rounds - 1) * seen.cosine) + mu * mu * rounds * seen.cosine) / rounds;
    }
    return seen;
}

}  // namespace euromesh::sync
