#include "sync/session_engine.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

// The half of the engine that adds up contributions: rounds of its own and rounds of others.
namespace euromesh::sync {

void SessionEngine::act(const StartReduce& start) {
    const std::uint64_t fragment = fragment_of(start.plan.round);
    EM_ASSERT(contributions_[fragment].has_value(), "a site that follows a plan is ready");
    if (reducing_) reduction_.abort();
    reducing_ = start.plan;
    reduce_began_ = clock_.monotonic();
    const ReduceKey key{static_cast<std::uint32_t>(start.plan.round), start.plan.ballot,
                        static_cast<std::uint32_t>(fragment)};
    const Status begun = start_reduction(key, start.plan, *contributions_[fragment]);
    if (!begun) reduce_error_ = begun.error();
}

void SessionEngine::act(const AbortReduce&) {
    if (!reducing_) return;
    reducing_.reset();
    if (!std::exchange(reduce_error_, std::nullopt)) reduction_.abort();
}

void SessionEngine::act(const Adopt& adopt) {
    if (reducing_) act(AbortReduce{});
    const Status written = file_.append(adopt.line);
    if (!written) return end_with(written.error().within("manifest"));
    describe(adopt.manifest);
    const std::uint64_t fragment = fragment_of(adopt.manifest.round);
    previous_means_[fragment].swap(candidate_.mean);
    keep_result(adopt.manifest.round);
    const auto is_self = [&](const Contributor& one) { return one.site == config_.sites[config_.self].site; };
    const auto& all = adopt.manifest.contributors;
    if (!conductor_.pending(fragment)) settle(fragment, std::any_of(all.begin(), all.end(), is_self));
    settle_dropped();
    new_state(std::exchange(candidate_.state, nullptr));
    versions_[fragment] = serial_;
}

void SessionEngine::describe(const Manifest& manifest) {
    const std::uint64_t fragment = fragment_of(manifest.round);
    CommittedRound round;
    round.manifest = manifest;
    round.reduce_seconds = candidate_.reduce_seconds;
    round.payload_bytes = codec_.encoded_bytes(candidate_.mean.size());
    round.outer = diagnose(manifest.outer, candidate_.mean, previous_means_[fragment]);
    const auto& own = contributions_[fragment];
    if (own) round.cosine_to_mean = cosine(own->gradient, candidate_.mean);
    committed_ = std::move(round);
}

// ---- reductions -------------------------------------------------------------------------------------------

void SessionEngine::check_reduction() {
    if (!reducing_ || !(reduce_error_ || reduction_.done())) return;
    const Plan plan = *std::exchange(reducing_, std::nullopt);
    const Status outcome = reduce_error_ ? Status(fail(*reduce_error_)) : reduction_.outcome();
    const auto culprit = reduce_error_ ? std::nullopt : reduction_.culprit();
    reduce_error_.reset();
    if (!outcome) {
        logger_.warning(outcome.error().message, {{"round", plan.round}});
        // Nobody else is left whose work would count.
        if (culprit && plan.members.size() == 1) return end_with(outcome.error());
        return perform(conductor_.reduce_failed(clock_.monotonic(), plan.ballot, culprit));
    }
    const auto& own = contributions_[fragment_of(plan.round)];
    const std::string state = make_candidate(plan.round, reduction_.take_result());
    const Sha256Digest digest =
        is_sparse() ? sha256(std::span<const std::byte>(own->sparse)) : reduce_.contribution_digest();
    perform(conductor_.reduced(clock_.monotonic(), {plan.ballot, state, to_hex(digest),
                                                    codec_.encoded_bytes(candidate_.mean.size())}));
}

Status SessionEngine::start_reduction(const ReduceKey& key, const Plan& plan, const Contribution& own) {
    std::vector<ReduceMember> members;
    for (const PlanMember& member : plan.members) {
        members.push_back({member.rank, static_cast<float>(member.weight), member.norm});
    }
    mean_.resize(own.gradient.size());
    if (is_sparse()) return gather_.start(key, std::move(members), own.sparse, mean_);
    return reduce_.start(key, std::move(members), own.gradient, mean_);
}

// The outer step into a shadow of the outer state: nothing is changed before the commit. mean_ is the mean.
std::string SessionEngine::make_candidate(std::uint64_t round, std::vector<std::byte> result) {
    OuterState next = *state_;
    outer_step(config_.schedule.outer_of(config_.outer, round), round / fragments_.size(),
               fragments_[fragment_of(round)], mean_, next);
    candidate_.state = std::make_shared<const OuterState>(std::move(next));
    candidate_.mean.swap(mean_);
    candidate_.result = std::make_shared<const std::vector<std::byte>>(std::move(result));
    candidate_.reduce_seconds = to_seconds(clock_.monotonic() - reduce_began_);
    return state_digest(*candidate_.state);
}

// ---- rounds of others -------------------------------------------------------------------------------------

// A sparse result is the contributions themselves.
std::size_t SessionEngine::result_bytes(const Manifest& manifest) const {
    const std::size_t each = codec_.encoded_bytes(fragments_[fragment_of(manifest.round)].size());
    return is_sparse() ? each * manifest.contributors.size() : each;
}

// Into mean_. corrupted: not what the manifest says.
Status SessionEngine::decode_result(const Manifest& manifest, std::span<const std::byte> bytes) {
    mean_.assign(fragments_[fragment_of(manifest.round)].size(), 0.0f);
    if (!is_sparse()) {
        if (!codec_.is_finite(bytes, mean_.size())) return fail(Code::corrupted, "a result is not finite");
        codec_.decode(bytes, mean_);
        return {};
    }
    const std::size_t each = codec_.encoded_bytes(mean_.size());
    std::vector<float> weights;
    for (const Contributor& one : manifest.contributors) {
        if (to_hex(sha256(bytes.subspan(weights.size() * each, each))) != one.digest) {
            return fail(Code::corrupted, "the contribution of {} has another digest", one.site.text());
        }
        weights.push_back(static_cast<float>(one.weight));
    }
    return add_up(codec_, bytes, weights, mean_);
}

void SessionEngine::on_result_header(const PeerMessage& message) {
    incoming_result_.reset();
    const Manifest* awaited = conductor_.awaited();
    if (!awaited || conductor_.standing().wants != message.peer) return;
    auto begun = IncomingResult::begin(message.bytes, awaited->round, result_bytes(*awaited));
    if (!begun) return mesh_->drop(message.peer, begun.error().message);
    incoming_result_.emplace(message.peer, std::move(*begun));
}

void SessionEngine::on_result(const PeerMessage& message) {
    if (!incoming_result_ || incoming_result_->first != message.peer) return;
    IncomingResult& incoming = incoming_result_->second;
    const Status added = incoming.add(message.bytes);
    if (!added) return mesh_->drop(message.peer, added.error().message);
    if (!incoming.complete()) return;
    const IncomingResult result = std::exchange(incoming_result_, std::nullopt)->second;
    follow(result);
}

// Makes the outer step of a round that this site had no part in.
void SessionEngine::follow(IncomingResult result) {
    const Manifest* awaited = conductor_.awaited();
    if (!awaited || awaited->round != result.round()) return;
    reduce_began_ = clock_.monotonic();
    const Status decoded = decode_result(*awaited, result.bytes());
    std::string state;
    if (decoded) state = make_candidate(result.round(), result.take());
    if (!decoded) logger_.warning(decoded.error().message, {{"round", result.round()}});
    perform(conductor_.result_arrived(clock_.monotonic(), result.round(), state));
}

void SessionEngine::act(const SendResult& send) {
    const auto kept = results_.find(send.round);
    EM_ASSERT(kept != results_.end(), "as many results are kept as the conductor keeps lines");
    add_note("result", name(send.to),
             fmt::format("the result of round {} goes to {}", send.round, name(send.to)));
    outgoing_results_.insert_or_assign(send.to, OutgoingResult(send.round, kept->second));
}

void SessionEngine::keep_result(std::uint64_t round) {
    results_[round] = std::exchange(candidate_.result, nullptr);
    while (results_.size() > config_.catch_up_rounds) results_.erase(results_.begin());
}

}  // namespace euromesh::sync
