// One attempt to sum the contributions of a round's members: real numbers with a real codec, without time.
//
// The result is that of sync/exchange/reduce.hpp: encode(sum over members of weight * decode(contribution)),
// in the order of the plan in fp32, the same bytes for all. Members come in one by one; the sum is made when
// all are there. One that gives up leaves the others without what it still had to send: those that have not
// ended then do not end.
//
// One thread. How long it takes is the network's matter (network.hpp).
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "sim/observer.hpp"
#include "sync/codec.hpp"

namespace euromesh::sim {

class Reduction {
  public:
    Reduction(const sync::Codec& codec, sync::Plan plan, std::size_t values);

    const sync::Plan& plan() const { return plan_; }
    std::vector<Rank> ranks() const;

    // A member is there with its encoded contribution; true: it is the last, and the sum is made.
    bool join(Rank member, SharedBytes encoded);
    void give_up(Rank member);
    // Whether this member can end: all came, and nobody gave up before ending.
    bool can_end(Rank member) const;
    void end(Rank member);
    bool has_ended(Rank member) const { return phase_[place(member)] == Phase::ended; }

    const SharedBytes& result() const { return result_; }

  private:
    enum class Phase { absent, there, ended, gone };
    std::size_t place(Rank member) const;
    void sum();

    const sync::Codec& codec_;
    sync::Plan plan_;
    std::size_t values_;
    std::vector<Phase> phase_;
    std::vector<SharedBytes> encoded_;
    SharedBytes result_;
};

// All attempts of a run, by round, ballot, the chain that they go on from, and the life of the lead: one that
// was started again may come to the same ballot.
class Reductions {
  public:
    std::shared_ptr<Reduction> find(const sync::Codec& codec, const sync::Plan& plan, int lead_life,
                                    std::size_t values);

  private:
    using Key = std::tuple<std::uint64_t, sync::Ballot, std::string, int>;
    std::map<Key, std::shared_ptr<Reduction>> all_;
};

// encode(sum of weight * decode(contribution)): also what a checker computes.
SharedBytes weighted_sum(const sync::Codec& codec, const std::vector<SharedBytes>& encoded,
                         const std::vector<double>& weights, std::size_t values);

}  // namespace euromesh::sim
