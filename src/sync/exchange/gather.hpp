// Weighted sum of one fragment over sites for sparse codecs: everybody gets everybody's contribution.
//
// Why: where a contribution is 100 times smaller than the values, a sum over sites is not sparse any more,
// and sending it would cost more than the contributions themselves. So each member sends what it encoded to
// all others and each adds up for itself; there is no second half and no second coding. As everyone holds
// every contribution whole, its digest can be checked against the manifest.
//
// Thread rule: that of its Mesh. The caller polls the mesh until done().
//
// Invariants
// - result[i] = sum over m, in the order of the member list, of weight_m * decode(bytes_m)[i], each operation
//   rounded to fp32: the same bits on all members, whatever arrived first.
// - Nothing is sent to a member before it has started the same key. It ends as AllReduce does: done, failed
//   with an error that names the peer, or aborted. Never hangs on a peer that the mesh reports as down.
// - `mine` and `result` are used until done() or abort().
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sync/codec.hpp"
#include "sync/exchange/reduce.hpp"

namespace euromesh::sync {

class AllGather final : public Reduction {
  public:
    AllGather(Mesh& mesh, const Codec& codec);
    ~AllGather() override;

    // `mine`: the encoded contribution, encoded_bytes(result.size()) of them (asserted). Errors as
    // AllReduce::start().
    Status start(const ReduceKey& key, std::vector<ReduceMember> members, std::span<const std::byte> mine,
                 std::span<float> result);

    bool done() const override;
    Status outcome() const override;
    std::optional<Rank> culprit() const override;
    void abort() override;
    // The contributions one after another in the order of the members: add_up().
    std::vector<std::byte> take_result() override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// What take_result() gave, added up again. bytes.size() == weights.size() * encoded_bytes(result.size())
// (asserted). corrupted: one of them is not finite.
Status add_up(const Codec& codec, std::span<const std::byte> bytes, std::span<const float> weights,
              std::span<float> result);

}  // namespace euromesh::sync
