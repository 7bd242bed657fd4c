// What a simulated site tells about itself to those that check it.
//
// Why: checkers are code apart from what they check. They see what was handed in, what was written, what was
// noted, and digests; never a conductor or a site. Times are the queue's. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/network.hpp"
#include "sync/conductor.hpp"

namespace euromesh::sim {

// One run of a site's process: a site that is started again is another life of it.
struct LifeId {
    Rank site = 0;
    int life = 0;
    auto operator<=>(const LifeId&) const = default;
};

using Bytes = std::vector<std::byte>;
using SharedBytes = std::shared_ptr<const Bytes>;
using SharedState = std::shared_ptr<const sync::OuterState>;

struct HandIn {
    LifeId who;
    std::uint64_t fragment = 0;
    sync::Ready ready;
    std::string digest;  // SHA-256 of `encoded`: the contribution's name
    SharedBytes encoded;
};

class Observer {
  public:
    virtual ~Observer() = default;
    virtual void life_began(LifeId who, const sync::Position& position, const sync::OuterState& state) = 0;
    // `pending`: names of contributions that were in no manifest yet. on_purpose: it has left.
    virtual void life_ended(LifeId who, const std::vector<std::string>& pending, bool on_purpose) = 0;
    virtual void handed_in(const HandIn& contribution) = 0;
    virtual void noted(LifeId who, const sync::Note& note) = 0;
    virtual void adopted(LifeId who, const std::string& line, const SharedState& state) = 0;
    virtual void took_state(LifeId who, const sync::Position& position, const sync::OuterState& state) = 0;
    // A site's silent corruption: the outer state that it computed for this attempt is not the right one.
    virtual void flipped(LifeId who, std::uint64_t round) = 0;
    // Something is about to go wrong, and is over at this time.
    virtual void disturbed(Nanoseconds until) = 0;
    // A file of manifests as it is on the disk of a site at the end.
    virtual void manifest_file(Rank site, const std::string& text) = 0;
};

}  // namespace euromesh::sim
