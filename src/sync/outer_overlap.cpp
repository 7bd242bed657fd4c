#include "sync/outer_overlap.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "sync/outer.hpp"

namespace euromesh::sync {
Status check(const OverlapConfig& config, std::uint64_t inner_steps_least) {
    if (!(config.alpha >= 0 && config.alpha <= 1)) {
        return fail(Code::bad_input, "overlap alpha {} must be from 0 to 1", config.alpha);
    }
    if (config.tau >= inner_steps_least) {
        return fail(Code::bad_input, "overlap tau {} must be below the inner steps of every round, {}",
                    config.tau, inner_steps_least);
    }
    return {};
}

OverlapMoment overlap_moment(const OverlapConfig& config, std::uint64_t round, std::uint64_t step,
                             std::uint64_t inner_steps) {
    EM_ASSERT(step <= inner_steps && config.tau < inner_steps, "a step of a round that is longer than tau");
    return {.merge = round > 0 && step == config.tau, .send = step == inner_steps};
}

void overlap_mix(double alpha, std::span<const float> merged, std::span<float> local) {
    EM_ASSERT(merged.size() == local.size() && !share_memory(merged, local), "two buffers of one size");
    EM_ASSERT(alpha >= 0 && alpha <= 1, "a part");
    if (alpha == 1) return;
    const auto part = static_cast<float>(alpha);
    if (part == 0) {
        std::copy(merged.begin(), merged.end(), local.begin());
        return;
    }
    for (std::size_t i = 0; i < local.size(); ++i) local[i] = merged[i] + part * (local[i] - merged[i]);
}

std::string_view name_of(MergeRule rule) {
    return rule == MergeRule::rebase ? "rebase" : "mix";
}

Result<MergeRule> parse_merge_rule(std::string_view text) {
    for (const MergeRule rule : {MergeRule::rebase, MergeRule::mix}) {
        if (text == name_of(rule)) return rule;
    }
    return fail(Code::bad_input, "merge '{}' is not known: use rebase or mix", text.substr(0, 40));
}

void overlap_rebase(std::span<const float> sent, std::span<const float> merged, std::span<float> local) {
    EM_ASSERT(sent.size() == local.size() && merged.size() == local.size(), "three buffers of one size");
    EM_ASSERT(!share_memory(sent, local) && !share_memory(merged, local), "never aliased");
    for (std::size_t i = 0; i < local.size(); ++i) local[i] = merged[i] + (local[i] - sent[i]);
}

void eager_mean(double weight, std::span<const float> stale, std::span<const float> fresh,
                std::span<float> mean) {
    EM_ASSERT(stale.size() == mean.size() && fresh.size() == mean.size(), "three buffers of one size");
    EM_ASSERT(!share_memory(stale, mean) && !share_memory(fresh, mean) && !share_memory(stale, fresh),
              "never aliased");
    EM_ASSERT(weight >= 0 && weight <= 1, "a part");
    if (weight == 1) {
        std::copy(fresh.begin(), fresh.end(), mean.begin());
        return;
    }
    const auto part = static_cast<float>(weight);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += part * (fresh[i] - stale[i]);
}

}  // namespace euromesh::sync
