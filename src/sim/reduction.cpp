#include "sim/reduction.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::sim {

SharedBytes weighted_sum(const sync::Codec& codec, const std::vector<SharedBytes>& encoded,
                         const std::vector<double>& weights, std::size_t values) {
    std::vector<float> sum(values, 0.0f);
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        codec.accumulate(*encoded[i], static_cast<float>(weights[i]), sum);
    }
    Bytes bytes(codec.encoded_bytes(values));
    codec.encode(sum, bytes);
    return std::make_shared<const Bytes>(std::move(bytes));
}

Reduction::Reduction(const sync::Codec& codec, sync::Plan plan, std::size_t values)
    : codec_(codec), plan_(std::move(plan)), values_(values) {
    phase_.resize(plan_.members.size(), Phase::absent);
    encoded_.resize(plan_.members.size());
}

std::vector<Rank> Reduction::ranks() const {
    std::vector<Rank> ranks;
    for (const sync::PlanMember& member : plan_.members) ranks.push_back(member.rank);
    return ranks;
}

std::size_t Reduction::place(Rank member) const {
    const auto found = std::find_if(plan_.members.begin(), plan_.members.end(),
                                    [&](const sync::PlanMember& one) { return one.rank == member; });
    EM_ASSERT(found != plan_.members.end(), "only members of a plan reduce");
    return static_cast<std::size_t>(found - plan_.members.begin());
}

bool Reduction::join(Rank member, SharedBytes encoded) {
    const std::size_t own = place(member);
    if (phase_[own] != Phase::absent) return false;  // it has been here: once is enough
    phase_[own] = Phase::there;
    encoded_[own] = std::move(encoded);
    const bool all = std::all_of(phase_.begin(), phase_.end(), [](Phase one) { return one == Phase::there; });
    if (all) sum();
    return all;
}

void Reduction::sum() {
    std::vector<double> weights;
    for (const sync::PlanMember& member : plan_.members) weights.push_back(member.weight);
    result_ = weighted_sum(codec_, encoded_, weights, values_);
}

void Reduction::give_up(Rank member) {
    Phase& phase = phase_[place(member)];
    if (phase != Phase::ended) phase = Phase::gone;
}

bool Reduction::can_end(Rank member) const {
    const auto gone = [](Phase one) { return one == Phase::gone; };
    return result_ && phase_[place(member)] == Phase::there &&
           std::none_of(phase_.begin(), phase_.end(), gone);
}

void Reduction::end(Rank member) {
    phase_[place(member)] = Phase::ended;
}

std::shared_ptr<Reduction> Reductions::find(const sync::Codec& codec, const sync::Plan& plan, int lead_life,
                                            std::size_t values) {
    auto& found = all_[Key{plan.round, plan.ballot, plan.chain_head, lead_life}];
    if (!found) found = std::make_shared<Reduction>(codec, plan, values);
    return found;
}

}  // namespace euromesh::sim
