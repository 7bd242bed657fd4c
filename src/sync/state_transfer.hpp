// The outer state on its way from one site to another that joins: a header, then pieces in order.
//
// Why: parameters, momentum and what else a kind needs are too large for one message, and a joiner must not
// trust what it gets: sizes are checked before memory is taken, the digest when all is there. Pieces travel
// as ordinary messages of the mesh, so that they arrive in order or not at all; the sender keeps only a few
// in flight.
//
// Thread rule: none shared. It does not decide who sends to whom (conductor) nor when to send (session).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sync/conductor.hpp"
#include "sync/outer.hpp"

namespace euromesh::sync {

inline constexpr std::uint16_t state_header_type = 10;
inline constexpr std::uint16_t state_piece_type = 11;
inline constexpr std::size_t state_piece_bytes = 1u << 20;

using SharedState = std::shared_ptr<const OuterState>;

struct StateMessage {
    std::uint16_t type = 0;
    std::vector<std::byte> bytes;
};

class OutgoingState {
  public:
    OutgoingState(Offer offer, SharedState state) : offer_(std::move(offer)), state_(std::move(state)) {}
    // The next message, or nothing when all have been taken.
    std::optional<StateMessage> next();

  private:
    std::size_t total_bytes() const;
    std::span<const std::byte> piece_at(std::size_t offset) const;

    Offer offer_;
    SharedState state_;
    bool header_sent_ = false;
    std::size_t sent_ = 0;
};

class IncomingState {
  public:
    // bad_input or corrupted: not a header, or of a state of other parts or sizes than `like`, the own one.
    static Result<IncomingState> begin(std::span<const std::byte> header, const OuterState& like);
    // corrupted: more than announced, or (with the last piece) another digest than announced.
    Status add(std::span<const std::byte> piece);
    bool complete() const;

    const Offer& offer() const { return offer_; }
    // Only when complete.
    OuterState take() { return std::move(state_); }

  private:
    Offer offer_;
    OuterState state_;
    std::size_t received_ = 0;
};

}  // namespace euromesh::sync
