#include "sync/outer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace euromesh::sync {
namespace {

bool overlap(std::span<const float> a, std::span<const float> b) {
    const std::less<const float*> before;
    return !a.empty() && !b.empty() && before(a.data(), b.data() + b.size()) &&
           before(b.data(), a.data() + a.size());
}

double dot(std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

}  // namespace

std::string_view name_of(OuterKind kind) {
    return kind == OuterKind::nesterov ? "nesterov" : "mean";
}

Result<OuterKind> parse_outer_kind(std::string_view text) {
    if (text == "nesterov") return OuterKind::nesterov;
    if (text == "mean") return OuterKind::mean;
    return fail(Code::bad_input, "outer optimiser '{}' is not known: use nesterov or mean",
                text.substr(0, 40));
}

std::string_view name_of(WeightRule rule) {
    return rule == WeightRule::tokens ? "tokens" : "equal";
}

Result<WeightRule> parse_weight_rule(std::string_view text) {
    if (text == "tokens") return WeightRule::tokens;
    if (text == "equal") return WeightRule::equal;
    return fail(Code::bad_input, "weights '{}' are not known: use tokens or equal", text.substr(0, 40));
}

void pseudo_gradient(std::span<const float> start, std::span<const float> local, std::span<float> out) {
    EM_ASSERT(start.size() == local.size() && start.size() == out.size(), "three buffers of one size");
    EM_ASSERT(!overlap(start, local) && !overlap(start, out) && !overlap(local, out), "never aliased");
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = start[i] - local[i];
}

void outer_step(const OuterConfig& config, std::span<const float> mean, std::span<float> params,
                std::span<float> momentum) {
    EM_ASSERT(mean.size() == params.size() && mean.size() == momentum.size(), "three buffers of one size");
    EM_ASSERT(!overlap(mean, params) && !overlap(mean, momentum) && !overlap(params, momentum),
              "never aliased");
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

std::string state_digest(const OuterState& state) {
    std::array<FastDigest, 2> parts{fast_digest(std::as_bytes(std::span(state.params))),
                                    fast_digest(std::as_bytes(std::span(state.momentum)))};
    return to_hex(fast_digest(std::as_bytes(std::span(parts))));
}

Status check(const OuterConfig& config) {
    if (!(config.lr > 0 && config.lr <= 10)) {
        return fail(Code::bad_input, "outer learning rate {} must be above 0 and at most 10", config.lr);
    }
    if (!(config.momentum >= 0 && config.momentum < 1)) {
        return fail(Code::bad_input, "outer momentum {} must be at least 0 and below 1", config.momentum);
    }
    return {};
}

std::vector<double> weights_of(WeightRule rule, std::span<const std::uint64_t> tokens) {
    EM_ASSERT(!tokens.empty(), "a mean of nobody has no weights");
    double total = 0;
    for (const std::uint64_t count : tokens) {
        EM_ASSERT(count > 0, "a contribution has tokens");
        total += rule == WeightRule::tokens ? static_cast<double>(count) : 1.0;
    }
    std::vector<double> weights;
    for (const std::uint64_t count : tokens) {
        weights.push_back((rule == WeightRule::tokens ? static_cast<double>(count) : 1.0) / total);
    }
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
    if (config.kind == OuterKind::nesterov) {
        seen.effective_gain = 1 + config.momentum + config.momentum * config.momentum * seen.cosine;
    }
    return seen;
}

}  // namespace euromesh::sync
