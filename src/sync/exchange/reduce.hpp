// Weighted sum of one fragment over sites, with the same bits for everybody.
//
// Direct reduce-scatter and all-gather: each member owns one shard of the fragment. A member encodes its
// values and sends each shard to its owner; the owner sums the decoded contributions in the order of the
// member list in fp32, encodes the sum with the same codec and sends it to all; everybody, the owner too,
// takes the decoded bytes. Everything goes in chunks, so that sending, receiving and summing overlap.
//
// Thread rule: that of its Mesh. The caller polls the mesh until done().
//
// Invariants
// - result[i] = decode(encode(sum over m of weight_m * decode(encode(mine_m))[i])), the same bytes on all
//   members and the same for the same member order, whatever arrived first.
// - Nothing is sent to a member before that member has started the same key, so early frames need no room.
// - It ends: done, or failed with an error that names the peer that was lost, or aborted. Never hangs on a
//   peer that the mesh reports as down.
// - `mine` and `result` are used until done() or abort(). They may be the same memory; then a reduction that
//   fails has destroyed both.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/hash.hpp"
#include "sync/codec.hpp"
#include "sync/exchange/mesh.hpp"

namespace euromesh::sync {

struct ReduceMember {
    Rank rank;
    float weight;  // usually so that the weights add up to 1
    // What the member says the L2 norm of its values is. The norm of a sum is at most the sum of the norms:
    // a shard that breaks this by more than coding can explain has somebody to blame.
    double norm = std::numeric_limits<double>::infinity();
};
// Coding may lengthen a vector, by far less than this.
inline constexpr double norm_slack = 1.5;

struct ReduceOptions {
    std::size_t chunk_values = 65536;
    // SHA-256 of this site's whole encoded contribution, for the manifest.
    bool digest_contribution = false;
    // One member (by its place in the list) owns everything: a hub. Absent: the members share the work.
    std::optional<std::size_t> hub{};
};

// A reduction under way, however the bytes move. One at a time for each object.
class Reduction {
  public:
    virtual ~Reduction() = default;

    // Ended well or badly; nothing of the caller's memory is touched any more.
    virtual bool done() const = 0;
    // Only when done(). unavailable: names the lost peer; corrupted: names the member whose contribution is
    // not finite, or longer than it says (the other members do not know: the session tells them); cancelled:
    // abort() was called.
    virtual Status outcome() const = 0;
    // Of a corrupted outcome, when it is one member's.
    virtual std::optional<Rank> culprit() const = 0;
    // Ends it now, on this site. The other members learn from the session that a new attempt begins.
    virtual void abort() = 0;
    // Bytes from which another site makes the same result; once, after a good end and before the next start.
    virtual std::vector<std::byte> take_result() = 0;
};

// One object for all reductions of a site: buffers are kept between them.
class AllReduce final : public Reduction {
  public:
    AllReduce(Mesh& mesh, const Codec& codec, ReduceOptions options = {});
    ~AllReduce() override;

    // Begins. `members` in the same order everywhere, this site among them; bad_input otherwise.
    // unavailable: a member is down now. mine.size() == result.size(), equal on all members.
    Status start(const ReduceKey& key, std::vector<ReduceMember> members, std::span<const float> mine,
                 std::span<float> result);

    bool done() const override;
    Status outcome() const override;
    std::optional<Rank> culprit() const override;
    void abort() override;
    // codec.decode() of it gives `result`. Without a copy, except for fp32.
    std::vector<std::byte> take_result() override;

    // Of the last reduction, when asked for by digest_contribution.
    const Sha256Digest& contribution_digest() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace euromesh::sync
