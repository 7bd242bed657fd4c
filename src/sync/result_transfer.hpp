// The encoded result of one round on its way to a site that had no part in it: a header, then pieces in
// order.
//
// Why: a site that was late, slow or away for a round follows the others with the bytes of one mean (1 byte a
// value with int8) in place of a whole outer state (8 bytes a value). The receiver knows from the manifest
// what must come out, so a wrong result is found whoever sent it. As in state_transfer.hpp, sizes are checked
// before memory is taken, and the sender keeps only a few pieces in flight.
//
// Thread rule: none shared. It does not decide who sends to whom (conductor) nor when to send (session).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "sync/state_transfer.hpp"

namespace euromesh::sync {

inline constexpr std::uint16_t result_header_type = 12;
inline constexpr std::uint16_t result_piece_type = 13;

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

class OutgoingResult {
  public:
    OutgoingResult(std::uint64_t round, SharedBytes bytes) : round_(round), bytes_(std::move(bytes)) {}
    // The next message, or nothing when all have been taken.
    std::optional<StateMessage> next();

  private:
    std::uint64_t round_;
    SharedBytes bytes_;
    bool header_sent_ = false;
    std::size_t sent_ = 0;
};

class IncomingResult {
  public:
    // corrupted: not a header, of another round than `round`, or not of `size` bytes.
    static Result<IncomingResult> begin(std::span<const std::byte> header, std::uint64_t round,
                                        std::size_t size);
    // corrupted: more than announced, or an empty piece.
    Status add(std::span<const std::byte> piece);
    bool complete() const { return received_ == bytes_.size(); }

    std::uint64_t round() const { return round_; }
    std::span<const std::byte> bytes() const { return bytes_; }  // when complete
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::uint64_t round_ = 0;
    std::vector<std::byte> bytes_;
    std::size_t received_ = 0;
};

}  // namespace euromesh::sync
